/* users.c: many short connections to a quarterback, one program for every pair of players.
 *
 *   gcc -std=c11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o /tmp/users users.c
 *   echo users 2000 16 | /tmp/users PORT
 *
 * Each user connects, reads until both greetings are there (two lines), and hangs up; so many of them at a time. The answer is
 * how long all of them took, in nanoseconds.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, PATIENCE = 20 * 1000 };

static struct { int fd, lines; } users[MOST];
static int poller;
static unsigned short port;

/* The addresses from 127.0.0.2 on take turns, or the ports would run out: each of a closed connection rests for a while. */
static void connect_user(unsigned slot)
{
    static unsigned turn;
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) err(1, "socket");
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn++ % 200) };
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes) < 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) < 0) err(1, "bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) err(1, "connect");
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = slot };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) err(1, "epoll_ctl");
    users[slot].fd = fd;
    users[slot].lines = 0;
}

static long long play(unsigned count, unsigned together)
{
    struct epoll_event events[64];
    struct timespec start, end;
    unsigned connected = 0, served = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (connected < together && connected < count) connect_user(connected++);
    while (served < count) {
        int ready = epoll_wait(poller, events, 64, PATIENCE);
        if (ready < 0 && errno != EINTR) err(1, "epoll_wait");
        if (ready == 0) errx(1, "%u of %u users were served, and then nothing came for 20 seconds", served, count);
        for (int i = 0; i < ready; i++) {
            unsigned slot = events[i].data.u32;
            char text[512];
            ssize_t length = recv(users[slot].fd, text, sizeof text, 0);
            if (length < 0 && errno == EAGAIN) continue;
            if (length <= 0) err(1, "a user was sent home without both greetings");
            for (ssize_t k = 0; k < length; k++) users[slot].lines += text[k] == '\n';
            if (users[slot].lines < 2) continue;
            close(users[slot].fd);
            served++;
            if (connected < count) { connect_user(slot); connected++; }
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec;
}

int main(int argc, char **argv)
{
    unsigned count, together;
    if (argc != 2) errx(1, "usage: users PORT");
    port = (unsigned short)atoi(argv[1]);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) err(1, "epoll_create1");
    while (scanf(" users %u %u", &count, &together) == 2) {
        if (together == 0 || together > MOST) errx(1, "1 to %d users at a time", MOST);
        printf("%lld\n", play(count, together));
        fflush(stdout);
    }
}
