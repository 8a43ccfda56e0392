/* A signal handler that counts signals, for a process whose language can't install one. Built as a shared object. */
#include <stdatomic.h>

static atomic_long delivered;

void count_signal(int number)
{
    (void)number;
    atomic_fetch_add_explicit(&delivered, 1, memory_order_relaxed);
}

long count_of_signals(void)
{
    return atomic_load(&delivered);
}
