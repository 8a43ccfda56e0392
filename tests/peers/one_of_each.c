/*
 * Holds one descriptor of every kind. Prints their names and numbers, waits until its input ends, and ends.
 * Usage: one_of_each DIRECTORY (empty; the caller must remove the files that are created there)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static int report(const char *name, int fd)
{
    if (fd < 0) {
        err(1, "%s", name);
    }

    printf("%s %d\n", name, fd);
    return fd;
}

static struct sockaddr_un unix_address(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, name, sizeof address.sun_path - 1);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }

    return address;
}

static socklen_t unix_length(const char *name)
{
    return offsetof(struct sockaddr_un, sun_path) + strlen(name) + (name[0] != '@');
}

/* Returns a bound socket, which listens unless it is a datagram socket. */
static int unix_bound(const char *name, int type)
{
    struct sockaddr_un address = unix_address(name);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, unix_length(name)) < 0) {
        err(1, "bind %s", name);
    }

    if (type != SOCK_DGRAM && listen(fd, 8) < 0) {
        err(1, "listen %s", name);
    }

    return fd;
}

static int unix_connected(const char *name, int type)
{
    struct sockaddr_un address = unix_address(name);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, unix_length(name)) < 0) {
        err(1, "connect %s", name);
    }

    return fd;
}

static void internet(const char *name, const char *prefix, int family)
{
    struct sockaddr_storage address = { .ss_family = family };
    socklen_t length = sizeof address;
    char text[64];
    if (family == AF_INET) {
        ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        length = sizeof(struct sockaddr_in);
    } else {
        ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
        length = sizeof(struct sockaddr_in6);
    }

    int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 8) < 0) {
        /* A machine without IPv6. */
        warn("%s", name);
        return;
    }

    struct sockaddr_storage bound;
    socklen_t bound_length = sizeof bound;
    getsockname(listener, (struct sockaddr *)&bound, &bound_length);
    snprintf(text, sizeof text, "%s-listening", prefix);
    report(text, listener);

    int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0 || connect(client, (struct sockaddr *)&bound, bound_length) < 0) {
        err(1, "connect");
    }

    snprintf(text, sizeof text, "%s-connected", prefix);
    report(text, client);
    snprintf(text, sizeof text, "%s-accepted", prefix);
    report(text, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    snprintf(text, sizeof text, "%s-unbound", prefix);
    report(text, socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));

    int udp = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (udp < 0 || bind(udp, (struct sockaddr *)&address, length) < 0) {
        err(1, "udp");
    }

    snprintf(text, sizeof text, "%s-udp", prefix);
    report(text, udp);
    bound_length = sizeof bound;
    getsockname(udp, (struct sockaddr *)&bound, &bound_length);
    int udp_client = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (udp_client < 0 || connect(udp_client, (struct sockaddr *)&bound, bound_length) < 0) {
        err(1, "udp connect");
    }

    snprintf(text, sizeof text, "%s-udp-connected", prefix);
    report(text, udp_client);
}

int main(int argc, char **argv)
{
    int pair[2];
    sigset_t signals;
    char abstract[64];
    if (argc != 2 || chdir(argv[1]) < 0) {
        errx(2, "usage: one_of_each DIRECTORY");
    }

    char *folder = realpath(".", NULL);
    char path[108];
    setvbuf(stdout, NULL, _IOLBF, 0);

    int file = report("file", open("file.txt", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (write(file, "0123456789", 10) != 10 || lseek(file, 4, SEEK_SET) != 4) {
        err(1, "file");
    }

    report("append", open("file.txt", O_WRONLY | O_APPEND));
    report("deleted", open("gone.txt", O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
    unlink("gone.txt");
    report("directory", open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (symlink("file.txt", "link") < 0) {
        err(1, "symlink");
    }

    report("symlink", open("link", O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (mkfifo("fifo", 0600) < 0) {
        err(1, "mkfifo");
    }

    report("fifo", open("fifo", O_RDWR | O_CLOEXEC));
    if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0) {
        err(1, "pipe2");
    }

    report("pipe-read", pair[0]);
    report("pipe-write", pair[1]);
    report("null", open("/dev/null", O_WRONLY | O_CLOEXEC));
    int block = open("/dev/loop0", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (block >= 0) {
        report("block", block);
    }

    internet("IPv4", "tcp4", AF_INET);
    internet("IPv6", "tcp6", AF_INET6);

    snprintf(path, sizeof path, "%s/stream.sock", folder);
    report("unix-listening", unix_bound(path, SOCK_STREAM));
    int listener = unix_bound("accepting.sock", SOCK_STREAM);
    report("unix-relative", listener);
    report("unix-connected", unix_connected("accepting.sock", SOCK_STREAM));
    report("unix-accepted", accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    snprintf(path, sizeof path, "%s/packets.sock", folder);
    int packets = report("unix-seqpacket-listening", unix_bound(path, SOCK_SEQPACKET));
    report("unix-seqpacket", unix_connected(path, SOCK_SEQPACKET));
    report("unix-seqpacket-accepted", accept4(packets, NULL, NULL, SOCK_CLOEXEC));
    snprintf(path, sizeof path, "%s/datagram.sock", folder);
    report("unix-datagram", unix_bound(path, SOCK_DGRAM));
    report("unix-datagram-connected", unix_connected(path, SOCK_DGRAM));
    snprintf(abstract, sizeof abstract, "@one_of_each-%d", (int)getpid());
    report("unix-abstract", unix_bound(abstract, SOCK_STREAM));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        err(1, "socketpair");
    }

    report("pair-left", pair[0]);
    report("pair-right", pair[1]);
    report("netlink", socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));

    report("eventfd", eventfd(0, EFD_CLOEXEC));
    report("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    report("signalfd", signalfd(-1, &signals, SFD_CLOEXEC));
    report("epoll", epoll_create1(EPOLL_CLOEXEC));
    report("inotify", inotify_init1(IN_CLOEXEC));
    report("pidfd", (int)syscall(434 /* pidfd_open */, getpid(), 0));
    int memory = report("memfd", memfd_create("one_of_each", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (write(memory, "abc", 3) != 3 || fcntl(memory, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0) {
        err(1, "memfd");
    }

    report("namespace", open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    puts("ready");
    while (getchar() != EOF) {
    }

    return 0;
}
