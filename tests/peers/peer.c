/* peer.c: the other side of the wire, with sendmsg(2) and recvmsg(2).
 * The command line is in README.md. See also unix(7) and cmsg(3).
 *
 *   gcc -std=c11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o /tmp/peer peer.c
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_FDS = 253, PATIENCE_SECONDS = 20 };      /* SCM_MAX_FD: the kernel's limit for one message */

static const char *bound_path;                      /* a socket file of ours, to be removed at the end */

static void remove_socket_file(void) { if (bound_path) unlink(bound_path); }

static void out_of_patience(int signal_number)      /* only calls that are safe in a signal handler */
{
    static const char text[] = "peer: nothing happened for 20 seconds\n";
    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) { /* the error can't be reported */ }
    remove_socket_file();
    _exit(1);
}

/* Called before every call that may wait. The alarm ends the program if that takes longer. */
static void patience(void) { alarm(PATIENCE_SECONDS); }

/* ---- Addresses ---- */

static socklen_t parse_address(const char *text, struct sockaddr_un *address)
{
    size_t length = strlen(text);
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (length == 0 || length >= sizeof address->sun_path)
        errx(1, "%s: an address has 1 to %zu bytes", text, sizeof address->sun_path - 1);
    memcpy(address->sun_path, text, length);
    if (text[0] != '@')
        return offsetof(struct sockaddr_un, sun_path) + length + 1;
    /* An abstract name starts with a zero byte and is not terminated: only the length ends it. */
    address->sun_path[0] = '\0';
    return offsetof(struct sockaddr_un, sun_path) + length;
}

static int parse_type(const char *text)
{
    if (strcmp(text, "stream") == 0) return SOCK_STREAM;
    if (strcmp(text, "seqpacket") == 0) return SOCK_SEQPACKET;
    if (strcmp(text, "datagram") == 0) return SOCK_DGRAM;
    errx(1, "%s: not a socket type (stream, seqpacket, datagram)", text);
}

static int new_socket(int type)
{
    int sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (sock < 0 && (errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT)) {
        printf("unsupported: this system has no Unix socket of that type\n");
        exit(77);
    }
    if (sock < 0) err(1, "socket");
    return sock;
}

/* Either side may start first, so this retries for 5 seconds until the other side exists. */
static int connect_to(const char *text, int type)
{
    struct sockaddr_un address;
    socklen_t length = parse_address(text, &address);
    int sock = new_socket(type);
    patience();
    for (int tries = 0; connect(sock, (struct sockaddr *)&address, length) < 0; tries++) {
        if ((errno != ENOENT && errno != ECONNREFUSED) || tries == 100) err(1, "connect %s", text);
        usleep(50 * 1000);
    }
    return sock;
}

static int bind_to(const char *text, int type)
{
    struct sockaddr_un address;
    socklen_t length = parse_address(text, &address);
    int sock = new_socket(type);
    umask(0177);                /* mode 0600 from the start; a chmod afterwards would come too late */
    if (bind(sock, (struct sockaddr *)&address, length) < 0) err(1, "bind %s", text);
    if (text[0] != '@') bound_path = text;
    return sock;
}

/* ---- Messages ---- */

struct control {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(MAX_FDS * sizeof(int)) + 64];    /* 64: for one more */
    size_t used;
};

static void add_control(struct control *control, int type, const void *data, size_t size)
{
    struct cmsghdr *header = (struct cmsghdr *)(control->bytes + control->used);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);              /* without the padding behind the data ... */
    memcpy(CMSG_DATA(header), data, size);
    control->used += CMSG_SPACE(size);              /* ... and with it, where the next one starts */
}

static void transmit(int sock, const void *data, size_t size, struct control *control)
{
    struct iovec part = { .iov_base = (void *)data, .iov_len = size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
                              .msg_control = control->bytes, .msg_controllen = control->used };
    patience();
    /* MSG_NOSIGNAL: if the peer has closed, the error is EPIPE. Without it, SIGPIPE would end this program silently. */
    ssize_t sent = sendmsg(sock, &message, MSG_NOSIGNAL);
    if (sent < 0) err(1, "sendmsg");
    if ((size_t)sent != size) errx(1, "sendmsg took %zd of %zu bytes", sent, size);
}

/* Appends the contents of one message to data and fds. Returns false when the peer has closed. */
static int receive_message(int sock, int type, char *data, size_t *used, size_t capacity, int *fds, size_t *count)
{
    static struct control control;                  /* space for 253: descriptors that don't fit are lost */
    struct iovec part = { .iov_base = data + *used, .iov_len = capacity - *used };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
                              .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
    size_t before = *count;
    patience();
    ssize_t bytes = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
    if (bytes < 0) err(1, "recvmsg");

    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t size = c->cmsg_len - CMSG_LEN(0);
        memcpy(fds + *count, CMSG_DATA(c), size);   /* not a cast: the data need not be aligned for int */
        *count += size / sizeof(int);
    }
    if (message.msg_flags & MSG_CTRUNC) errx(1, "descriptors were lost: is the descriptor table full?");
    if (message.msg_flags & MSG_TRUNC) errx(1, "the message is larger than %zu bytes", capacity);
    *used += (size_t)bytes;
    /* No bytes and no descriptor: the end, except on a datagram socket. No bytes but a descriptor: a message. */
    return bytes > 0 || *count > before || type == SOCK_DGRAM;
}

/* ---- The verbs ---- */

/* One read, which never fails with EAGAIN. O_NONBLOCK is a flag of the open file, so a received descriptor can have it. */
static size_t read_some(int fd, char *text, size_t size)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    patience();
    if (poll(&wait, 1, -1) < 0) err(1, "poll");
    ssize_t got = read(fd, text, size);
    if (got < 0) err(1, "read");
    return (size_t)got;
}

static void send_files(const char *address, int type, char **files, size_t count)
{
    int fds[MAX_FDS];
    char text[4096];
    if (count > MAX_FDS) errx(1, "one message takes %d descriptors", MAX_FDS);
    int sock = connect_to(address, type);
    for (size_t i = 0; i < count; i++) {
        patience();
        if ((fds[i] = open(files[i], O_RDONLY | O_CLOEXEC)) < 0) err(1, "open %s", files[i]);
        read_some(fds[i], text, 3);
    }

    struct control control = { .used = 0 };
    unsigned char count_byte = (unsigned char)count;
    add_control(&control, SCM_RIGHTS, fds, count * sizeof(int));
    transmit(sock, &count_byte, 1, &control);       /* a stream drops the descriptors of a message without a byte */

    patience();
    if (type == SOCK_DGRAM) {
        /* A datagram socket does not report that the peer has closed. */
        while (fgets(text, sizeof text, stdin) && !strchr(text, '\n')) { }
    } else if (recv(sock, text, 1, 0) < 0 && errno != ECONNRESET) {
        err(1, "recv");                             /* ECONNRESET: closed, with our message unread */
    }
    for (size_t i = 0; i < count; i++) {
        printf("rest ");
        for (size_t got; (got = read_some(fds[i], text, sizeof text)) > 0;) fwrite(text, 1, got, stdout);
        printf("\n");
    }
}

static void receive_files(const char *address, int type, size_t wanted)
{
    static char data[1 << 20];
    char text[4];
    size_t used = 0, count = 0;
    int *fds = calloc(wanted + MAX_FDS, sizeof *fds);       /* the last message may have too many */
    if (!fds) err(1, "calloc");
    int sock = type == SOCK_DGRAM ? bind_to(address, type) : connect_to(address, type);
    while (count < wanted) {
        if (used == sizeof data) errx(1, "more than %zu bytes, and %zu of %zu descriptors", used, count, wanted);
        if (!receive_message(sock, type, data, &used, sizeof data, fds, &count))
            errx(1, "the peer closed after %zu of %zu descriptors", count, wanted);
    }
    printf("data ");
    for (size_t i = 0; i < used; i++) printf("%02x", (unsigned char)data[i]);
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        size_t got = read_some(fds[i], text, sizeof text);
        printf("got %.*s\n", (int)got, text);
        close(fds[i]);
    }
    free(fds);
}

/* Sends a message that a receiver must survive, and ends. Sent data stays readable. */
static void send_garbage(const char *address, int type, const char *kind)
{
    int fds[MAX_FDS];
    struct control control = { .used = 0 };
    int sock = connect_to(address, type);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) err(1, "open /dev/null");
    for (size_t i = 0; i < MAX_FDS; i++) fds[i] = null;     /* each arrives as a descriptor of its own */

    if (strcmp(kind, "nothing") == 0) {
    } else if (strcmp(kind, "bytes") == 0) {
        transmit(sock, "garbage, no descriptor", 22, &control);
    } else if (strcmp(kind, "many") == 0) {
        add_control(&control, SCM_RIGHTS, fds, sizeof fds);
        transmit(sock, "\xfd", 1, &control);
    } else if (strcmp(kind, "dies") == 0) {
        add_control(&control, SCM_RIGHTS, fds, 2 * sizeof(int));
        transmit(sock, "\x02", 1, &control);
        raise(SIGKILL);                                     /* without a close: the kernel cleans up */
    } else if (strcmp(kind, "credentials") == 0) {          /* seen only by a receiver with SO_PASSCRED */
        struct ucred me = { .pid = getpid(), .uid = getuid(), .gid = getgid() };
        add_control(&control, SCM_CREDENTIALS, &me, sizeof me);
        add_control(&control, SCM_RIGHTS, fds, sizeof(int));
        transmit(sock, "\x01", 1, &control);
    } else if (strcmp(kind, "two") == 0) {                  /* Linux merges them: one SCM_RIGHTS of 3 arrives */
        add_control(&control, SCM_RIGHTS, fds, sizeof(int));
        add_control(&control, SCM_RIGHTS, fds, 2 * sizeof(int));
        transmit(sock, "\x03", 1, &control);
    } else if (strcmp(kind, "empty") == 0) {                /* a stream drops it silently, the others deliver it */
        add_control(&control, SCM_RIGHTS, fds, sizeof(int));
        transmit(sock, "", 0, &control);
    } else {
        errx(1, "%s: not a kind of garbage", kind);
    }
}

int main(int argc, char **argv)
{
    signal(SIGALRM, out_of_patience);
    atexit(remove_socket_file);
    if (argc >= 5 && strcmp(argv[1], "send") == 0)
        send_files(argv[2], parse_type(argv[3]), argv + 4, (size_t)argc - 4);
    else if (argc == 5 && strcmp(argv[1], "receive") == 0 && atoi(argv[4]) > 0)
        receive_files(argv[2], parse_type(argv[3]), (size_t)atoi(argv[4]));
    else if (argc == 5 && strcmp(argv[1], "garbage") == 0)
        send_garbage(argv[2], parse_type(argv[3]), argv[4]);
    else
        errx(1, "usage: peer send ADDRESS TYPE FILE... | receive ADDRESS TYPE COUNT | garbage ADDRESS TYPE KIND");
    return 0;
}
