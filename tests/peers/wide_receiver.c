/* wide_receiver.c: receives connections from quarterbacks and echoes the users' text.
 *
 *   gcc -std=c11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o /tmp/wide_receiver wide_receiver.c
 *   /tmp/wide_receiver SOCKETPATH
 *
 * One thread and one epoll for everybody. SIGTERM or Ctrl-C removes the socket file and ends it.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_FDS = 253 };                     /* SCM_MAX_FD: the kernel's limit for one message */

/* A socket that epoll watches. A user's socket is watched for writing while there is unsent text, and
 * for reading otherwise, so a user that does not read the echo does not keep others waiting. */
struct player {
    int fd;
    enum { LISTENER, QUARTERBACK, USER } role;
    size_t written, pending;
    char text[4096];
};

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static int poller;

static void stop(int signal_number)         /* unlink and _exit are safe in a signal handler */
{
    (void)signal_number;
    unlink(address.sun_path);
    _exit(0);
}

static struct player *watch(int fd, int role)
{
    struct player *player = calloc(1, sizeof *player);
    if (!player) err(1, "calloc");
    player->fd = fd;
    player->role = role;
    if (role == USER)
        player->pending = (size_t)snprintf(player->text, sizeof player->text,
                                           "Hello from Wide Receiver on PID (%d)!\n", (int)getpid());
    struct epoll_event event = { .events = role == USER ? EPOLLOUT : EPOLLIN, .data.ptr = player };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0) return player;
    warn("descriptor %d can't be watched", fd);         /* EPERM: a peer sent a regular file */
    close(fd);
    free(player);
    return NULL;
}

static void hang_up(struct player *player)
{
    /* close alone is not enough, because epoll watches an open file until its last descriptor is
     * closed, and another process may still have one. */
    epoll_ctl(poller, EPOLL_CTL_DEL, player->fd, NULL);
    close(player->fd);
    free(player);
}

static void serve_listener(struct player *listener)
{
    int wire = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (wire >= 0) {
        watch(wire, QUARTERBACK);
    } else if (errno != EAGAIN && errno != ECONNABORTED) {
        warn("accept");
        usleep(50 * 1000);                              /* EMFILE: it stays ready, so don't spin */
    }
}

static void serve_quarterback(struct player *quarterback)
{
    char data[MAX_FDS];                                 /* the bytes have no meaning */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_FDS * sizeof(int))];
    struct iovec part = { .iov_base = data, .iov_len = sizeof data };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
                              .msg_control = control, .msg_controllen = sizeof control };
    ssize_t bytes = recvmsg(quarterback->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (bytes <= 0) {                                   /* on a stream, descriptors never come without a byte */
        hang_up(quarterback);
        return;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = 0; at < c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int user;
            memcpy(&user, CMSG_DATA(c) + at, sizeof user);
            watch(user, USER);
        }
    }
    if (message.msg_flags & MSG_CTRUNC) warnx("a user was lost: the descriptor table is full (ulimit -n)");
}

/* MSG_DONTWAIT for each call, because O_NONBLOCK would change the connection for all its holders. */
static void serve_user(struct player *user)
{
    ssize_t done;
    if (user->written < user->pending) {
        done = send(user->fd, user->text + user->written, user->pending - user->written,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done > 0) user->written += (size_t)done;
    } else {
        done = recv(user->fd, user->text, sizeof user->text, MSG_DONTWAIT);
        user->written = 0;
        user->pending = done > 0 ? (size_t)done : 0;
    }
    if (done == 0 || (done < 0 && errno != EAGAIN && errno != EINTR)) {
        hang_up(user);
        return;
    }
    struct epoll_event event = { .events = user->written < user->pending ? EPOLLOUT : EPOLLIN, .data.ptr = user };
    if (epoll_ctl(poller, EPOLL_CTL_MOD, user->fd, &event) < 0) err(1, "epoll_ctl");
}

/* Removes a socket file that an earlier run left behind, on which no process listens. Other files are kept. */
static void remove_stale_socket(void)
{
    struct stat info;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) err(1, "socket");
    if (lstat(address.sun_path, &info) == 0 && S_ISSOCK(info.st_mode)
        && connect(probe, (struct sockaddr *)&address, sizeof address) < 0 && errno == ECONNREFUSED)
        unlink(address.sun_path);
    close(probe);
}

int main(int argc, char **argv)
{
    if (argc != 2) errx(1, "usage: wide_receiver SOCKETPATH");
    if (strlen(argv[1]) >= sizeof address.sun_path)
        errx(1, "%s: a socket's path has at most %zu bytes", argv[1], sizeof address.sun_path - 1);
    strcpy(address.sun_path, argv[1]);

    struct rlimit limit;                                /* every user needs a descriptor: use the hard limit */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    remove_stale_socket();
    umask(0177);                                        /* mode 0600 before anyone can connect */
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) err(1, "socket");
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) err(1, "%s", argv[1]);
    signal(SIGTERM, stop);                              /* only now, because stop removes the socket file */
    signal(SIGINT, stop);
    if (listen(listener, SOMAXCONN) < 0) err(1, "listen");
    if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) err(1, "epoll_create1");
    if (!watch(listener, LISTENER)) return 1;
    printf("Listening for messages on (%s)\n", argv[1]);
    fflush(stdout);

    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(poller, events, 64, -1);
        if (count < 0 && errno != EINTR) err(1, "epoll_wait");
        for (int i = 0; i < count; i++) {
            struct player *player = events[i].data.ptr;
            if (player->role == LISTENER) serve_listener(player);
            else if (player->role == QUARTERBACK) serve_quarterback(player);
            else serve_user(player);
        }
    }
}
