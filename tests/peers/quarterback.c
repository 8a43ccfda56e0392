/* quarterback.c: accepts TCP connections and passes each one on, over a Unix socket.
 *
 *   gcc -std=c11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o /tmp/quarterback quarterback.c
 *   /tmp/quarterback PORT SOCKETPATH        PORT 0: any free port, which it prints
 *
 * It keeps no connection: it greets the user, sends the descriptor with one byte to the wide
 * receiver, and closes its own copy. The user's connection continues in the other process.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_on(unsigned short port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) err(1, "socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, SOMAXCONN) < 0)
        err(1, "127.0.0.1:%d", port);
    if (getsockname(listener, (struct sockaddr *)&address, &length) < 0) err(1, "getsockname");
    printf("Listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

/* The wide receiver may start or restart later, so this retries until it listens. Users wait in the backlog. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int wire = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (wire < 0) err(1, "socket");
    if (strlen(path) >= sizeof address.sun_path)
        errx(1, "%s: a socket's path has at most %zu bytes", path, sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    while (connect(wire, (struct sockaddr *)&address, sizeof address) < 0) {
        if (errno != ENOENT && errno != ECONNREFUSED) err(1, "connect %s", path);
        usleep(50 * 1000);
    }
    return wire;
}

/* One byte and one descriptor. The byte matters: a stream drops the descriptor of an empty message. */
static int pass(int wire, int fd)
{
    struct iovec part = { .iov_base = "\x01", .iov_len = 1 };
    union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control = { .header = {
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) } };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
                              .msg_control = &control, .msg_controllen = sizeof control };
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    return sendmsg(wire, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;     /* MSG_NOSIGNAL: EPIPE, not SIGPIPE */
}

int main(int argc, char **argv)
{
    char *end = "", greeting[64];
    unsigned long port = argc == 3 ? strtoul(argv[1], &end, 10) : 65536;
    if (port > 65535 || *end) errx(1, "usage: quarterback PORT SOCKETPATH");
    int length = snprintf(greeting, sizeof greeting, "Hello from Quarterback on PID (%d)!\n", (int)getpid());

    int listener = listen_on((unsigned short)port);
    int wire = connect_to(argv[2]);
    for (;;) {
        int user = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (user < 0 && (errno == ECONNABORTED || errno == EINTR)) continue;    /* hung up in the backlog */
        if (user < 0) err(1, "accept");
        if (send(user, greeting, (size_t)length, MSG_NOSIGNAL) == length) {
            while (pass(wire, user) < 0) {
                if (errno == ETOOMANYREFS) {            /* too many in flight: let the receiver catch up */
                    usleep(50 * 1000);
                } else if (errno == EPIPE || errno == ECONNRESET) {     /* the wide receiver has ended: */
                    close(wire);                                        /* the user waits for the next */
                    wire = connect_to(argv[2]);
                } else {
                    err(1, "sendmsg");
                }
            }
        }
        close(user);        /* close, because shutdown would end the connection for both processes */
    }
}
