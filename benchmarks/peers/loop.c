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

/* Closes descriptors, consecutive numbers with one call. */
static void close_all(const int *fds, size_t count)
{
    for (size_t first = 0, next; first < count; first = next) {
        for (next = first + 1; next < count && fds[next] == fds[next - 1] + 1; next++) { }
        if (close_range((unsigned)fds[first], (unsigned)fds[next - 1], 0) < 0) err(1, "close_range");
    }
}

/* Sends each descriptor as a message of its own with sendmmsg, receives all of them with recvmmsg. */
static size_t transmit_and_receive_batch(const int *pair, int device, size_t count, int *received)
{
    static struct { struct mmsghdr header; struct iovec part; char byte;
                    union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control; } out[MAX_FDS];
    static struct mmsghdr headers[MAX_FDS];
    static union { struct cmsghdr header; char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))]; } controls[MAX_FDS];
    for (size_t i = 0; i < count; i++) {
        out[i].part = (struct iovec) { .iov_base = &out[i].byte, .iov_len = 1 };
        out[i].control.header = (struct cmsghdr) { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
        memcpy(CMSG_DATA(&out[i].control.header), &device, sizeof device);
        headers[i].msg_hdr = (struct msghdr) { .msg_iov = &out[i].part, .msg_iovlen = 1,
                                               .msg_control = &out[i].control, .msg_controllen = sizeof out[i].control };
    }
    for (size_t sent = 0; sent < count;) {
        int now = sendmmsg(pair[0], headers + sent, (unsigned)(count - sent), MSG_NOSIGNAL);
        if (now < 0) err(1, "sendmmsg");
        sent += (size_t)now;
    }
    size_t got = 0;
    while (got < count) {
        for (size_t i = 0; i < count - got; i++) {
            headers[i].msg_hdr = (struct msghdr) { .msg_iov = &out[i].part, .msg_iovlen = 1,
                                                   .msg_control = &controls[i], .msg_controllen = sizeof controls[i] };
        }
        int now = recvmmsg(pair[1], headers, (unsigned)(count - got), MSG_CMSG_CLOEXEC | MSG_DONTWAIT, NULL);
        if (now < 0) err(1, "recvmmsg");
        for (int i = 0; i < now; i++) {
            if (headers[i].msg_hdr.msg_flags & MSG_CTRUNC) errx(1, "descriptors were lost");
            memcpy(received + got++, CMSG_DATA(&controls[i].header), sizeof(int));
        }
    }
    return got;
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
            size_t got = 0;
            if (work[0] == 'b') {
                got = transmit_and_receive_batch(pair, device, count, received);
            } else if (work[0] == 'q') {
                for (unsigned k = 0; k < count; k++) transmit(pair[0], fds, 1);
                for (unsigned k = 0; k < count; k++) got += receive(pair[1], received + got);
            } else {
                transmit(pair[0], fds, count);
                got = receive(pair[1], received);
            }
            if (got != count) errx(1, "%zu of %u descriptors came", got, count);
            if (work[0] == 'b' || work[0] == 'r') close_all(received, got);
            else for (size_t k = 0; k < got; k++) close(received[k]);
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec);
        fflush(stdout);
    }
}
