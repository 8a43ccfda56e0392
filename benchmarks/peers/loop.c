/* loop.c: sends descriptors to itself over a socket pair, receives and closes them, and says how long it took.
 *
 *   gcc -std=c11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o /tmp/loop loop.c
 *   echo pass 1 100000 | /tmp/loop              or: /tmp/loop 2, which has a second thread that does nothing
 *
 * The protocol is in README.md. This is the measure of the others: the system calls, and nearly nothing else.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FDS = 253 };                             /* SCM_MAX_FD: the kernel's limit for one message */

static union { struct cmsghdr header; char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))]; } control;

static void transmit(int wire, const int *fds, size_t count)
{
    char byte = (char)count;
    struct iovec part = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
                              .msg_control = &control, .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    if (sendmsg(wire, &message, MSG_NOSIGNAL) != 1) err(1, "sendmsg");
}

static size_t receive(int wire, int *fds)
{
    char byte;
    struct iovec part = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
                              .msg_control = &control, .msg_controllen = sizeof control };
    size_t count = 0;
    if (recvmsg(wire, &message, MSG_CMSG_CLOEXEC) != 1) err(1, "recvmsg");
    if (message.msg_flags & MSG_CTRUNC) errx(1, "descriptors were lost");
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t size = part->cmsg_len - CMSG_LEN(0);
        memcpy(fds + count, CMSG_DATA(part), size);
        count += size / sizeof(int);
    }
    return count;
}

static void *do_nothing(void *unused) { for (;;) pause(); return unused; }

int main(int argc, char **argv)
{
    (void)argv;
    int pair[2], fds[MAX_FDS], received[MAX_FDS];
    char work[16];
    unsigned count, times;
    pthread_t thread;
    if (argc > 1 && pthread_create(&thread, NULL, do_nothing, NULL)) errx(1, "no thread");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) err(1, "socketpair");
    int device = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (device < 0) err(1, "/dev/null");
    for (int i = 0; i < MAX_FDS; i++) fds[i] = device;

    while (scanf("%15s %u %u", work, &count, &times) == 3) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        for (unsigned i = 0; i < times; i++) {
            transmit(pair[0], fds, count);
            size_t got = receive(pair[1], received);
            if (got != count) errx(1, "%zu of %u descriptors came", got, count);
            for (size_t k = 0; k < got; k++) close(received[k]);
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec);
        fflush(stdout);
    }
}
