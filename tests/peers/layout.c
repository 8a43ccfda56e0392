/*
 * Prints the layouts and constants that PSFdPass's tables contain, as this compiler's headers define them: one
 * `NAME value` a line, where NAME is the C expression. A constant that only newer headers have is printed as
 * `NAME absent`. HeaderLayoutTests compiles this with several compilers and compares.
 *
 *   gcc -o /tmp/layout layout.c
 *   musl-gcc -static -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -o /tmp/layout layout.c
 *   aarch64-linux-gnu-gcc -static -o /tmp/layout layout.c      (run it with qemu-aarch64)
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifndef RWF_NOWAIT
#include <linux/fs.h>
#endif
#ifndef STATX_BASIC_STATS
#include <linux/stat.h>
#endif

/* The kernel's directory entry. glibc's struct dirent64 has the same layout, and musl has no other. */
struct linux_dirent64 {
    uint64_t d_ino;
    int64_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[];
};
_Static_assert(offsetof(struct linux_dirent64, d_reclen) == offsetof(struct dirent, d_reclen), "d_reclen");
_Static_assert(offsetof(struct linux_dirent64, d_type) == offsetof(struct dirent, d_type), "d_type");
_Static_assert(offsetof(struct linux_dirent64, d_name) == offsetof(struct dirent, d_name), "d_name");

/* The argument is not expanded before it is made a string. */
#define SHOW(expression) printf("%s %lld\n", #expression, (long long)(expression))

/* CMSG_ALIGN is not in every libc. */
#define ALIGNED(length) (CMSG_SPACE(length) - CMSG_SPACE(0))

static void structures(void)
{
    SHOW(sizeof(struct iovec));
    SHOW(offsetof(struct iovec, iov_base));
    SHOW(offsetof(struct iovec, iov_len));
    SHOW(sizeof(struct msghdr));
    SHOW(offsetof(struct msghdr, msg_name));
    SHOW(offsetof(struct msghdr, msg_namelen));
    SHOW(offsetof(struct msghdr, msg_iov));
    SHOW(offsetof(struct msghdr, msg_iovlen));
    SHOW(offsetof(struct msghdr, msg_control));
    SHOW(offsetof(struct msghdr, msg_controllen));
    SHOW(offsetof(struct msghdr, msg_flags));
    SHOW(sizeof(struct mmsghdr));
    SHOW(offsetof(struct mmsghdr, msg_hdr));
    SHOW(offsetof(struct mmsghdr, msg_len));
    SHOW(sizeof(struct cmsghdr));
    SHOW(offsetof(struct cmsghdr, cmsg_len));
    SHOW(offsetof(struct cmsghdr, cmsg_level));
    SHOW(offsetof(struct cmsghdr, cmsg_type));
    SHOW(sizeof(((struct cmsghdr *)0)->cmsg_len));
    SHOW(sizeof(struct ucred));
    SHOW(offsetof(struct ucred, pid));
    SHOW(offsetof(struct ucred, uid));
    SHOW(offsetof(struct ucred, gid));
    SHOW(sizeof(struct linger));
    SHOW(offsetof(struct linger, l_onoff));
    SHOW(offsetof(struct linger, l_linger));
    SHOW(sizeof(struct sockaddr_un));
    SHOW(offsetof(struct sockaddr_un, sun_family));
    SHOW(offsetof(struct sockaddr_un, sun_path));
    SHOW(sizeof(((struct sockaddr_un *)0)->sun_path));
    SHOW(sizeof(struct sockaddr_storage));
    SHOW(sizeof(struct sockaddr_in));
    SHOW(sizeof(struct sockaddr_in6));
    SHOW(sizeof(struct pollfd));
    SHOW(offsetof(struct pollfd, fd));
    SHOW(offsetof(struct pollfd, events));
    SHOW(offsetof(struct pollfd, revents));
    SHOW(sizeof(struct epoll_event));
    SHOW(offsetof(struct epoll_event, events));
    SHOW(offsetof(struct epoll_event, data));
    SHOW(sizeof(struct statx));
    SHOW(offsetof(struct statx, stx_mask));
    SHOW(offsetof(struct statx, stx_blksize));
    SHOW(offsetof(struct statx, stx_attributes));
    SHOW(offsetof(struct statx, stx_nlink));
    SHOW(offsetof(struct statx, stx_uid));
    SHOW(offsetof(struct statx, stx_gid));
    SHOW(offsetof(struct statx, stx_mode));
    SHOW(offsetof(struct statx, stx_ino));
    SHOW(offsetof(struct statx, stx_size));
    SHOW(offsetof(struct statx, stx_blocks));
    SHOW(offsetof(struct statx, stx_attributes_mask));
    SHOW(offsetof(struct statx, stx_rdev_major));
    SHOW(offsetof(struct statx, stx_rdev_minor));
    SHOW(offsetof(struct statx, stx_dev_major));
    SHOW(offsetof(struct statx, stx_dev_minor));
    SHOW(sizeof(struct open_how));
    SHOW(offsetof(struct open_how, flags));
    SHOW(offsetof(struct open_how, mode));
    SHOW(offsetof(struct open_how, resolve));
    SHOW(offsetof(struct linux_dirent64, d_reclen));
    SHOW(offsetof(struct linux_dirent64, d_type));
    SHOW(offsetof(struct linux_dirent64, d_name));
    SHOW(offsetof(struct passwd, pw_name));
    SHOW(offsetof(struct passwd, pw_uid));
    SHOW(sizeof(struct passwd));
    SHOW(offsetof(struct group, gr_name));
    SHOW(offsetof(struct group, gr_gid));
    SHOW(sizeof(struct group));
    SHOW(sizeof(struct rlimit));
    SHOW(offsetof(struct rlimit, rlim_cur));
    SHOW(offsetof(struct rlimit, rlim_max));
    SHOW(sizeof(struct timespec));
    SHOW(offsetof(struct timespec, tv_sec));
    SHOW(offsetof(struct timespec, tv_nsec));
    SHOW(offsetof(struct tcp_info, tcpi_state));
    SHOW(offsetof(struct tcp_info, tcpi_bytes_acked));
    SHOW(offsetof(struct tcp_info, tcpi_bytes_received));
    SHOW(offsetof(struct tcp_info, tcpi_bytes_sent));
    SHOW(sizeof(struct nlmsghdr));
    SHOW(offsetof(struct nlmsghdr, nlmsg_len));
    SHOW(offsetof(struct nlmsghdr, nlmsg_type));
    SHOW(offsetof(struct nlmsghdr, nlmsg_flags));
    SHOW(offsetof(struct nlmsghdr, nlmsg_seq));
    SHOW(offsetof(struct nlmsghdr, nlmsg_pid));
    SHOW(sizeof(struct nlattr));
    SHOW(offsetof(struct nlattr, nla_len));
    SHOW(offsetof(struct nlattr, nla_type));
    SHOW(sizeof(struct nlmsgerr));
    SHOW(offsetof(struct nlmsgerr, error));
    SHOW(sizeof(struct sockaddr_nl));
    SHOW(offsetof(struct sockaddr_nl, nl_family));
    SHOW(offsetof(struct sockaddr_nl, nl_pid));
    SHOW(offsetof(struct sockaddr_nl, nl_groups));
    SHOW(sizeof(struct unix_diag_req));
    SHOW(offsetof(struct unix_diag_req, sdiag_family));
    SHOW(offsetof(struct unix_diag_req, sdiag_protocol));
    SHOW(offsetof(struct unix_diag_req, udiag_states));
    SHOW(offsetof(struct unix_diag_req, udiag_ino));
    SHOW(offsetof(struct unix_diag_req, udiag_show));
    SHOW(offsetof(struct unix_diag_req, udiag_cookie));
    SHOW(sizeof(struct unix_diag_msg));
    SHOW(offsetof(struct unix_diag_msg, udiag_family));
    SHOW(offsetof(struct unix_diag_msg, udiag_type));
    SHOW(offsetof(struct unix_diag_msg, udiag_state));
    SHOW(offsetof(struct unix_diag_msg, udiag_ino));
    SHOW(offsetof(struct unix_diag_msg, udiag_cookie));
    SHOW(sizeof(struct unix_diag_vfs));
    SHOW(offsetof(struct unix_diag_vfs, udiag_vfs_ino));
    SHOW(offsetof(struct unix_diag_vfs, udiag_vfs_dev));
    SHOW(sizeof(siginfo_t));
    SHOW(offsetof(siginfo_t, si_code));
    SHOW(offsetof(siginfo_t, si_pid));
    SHOW(offsetof(siginfo_t, si_status));
    SHOW(sizeof(sigset_t));
    SHOW(sizeof(posix_spawnattr_t));
    SHOW(sizeof(posix_spawn_file_actions_t));
    SHOW(sizeof(socklen_t));
    SHOW(sizeof(off_t));
    SHOW(sizeof(pid_t));
    SHOW(sizeof(uid_t));
    SHOW(sizeof(gid_t));
    SHOW(sizeof(nfds_t));
}

static void control_messages(void)
{
    SHOW(CMSG_LEN(0)); SHOW(CMSG_LEN(1)); SHOW(CMSG_LEN(4)); SHOW(CMSG_LEN(12)); SHOW(CMSG_LEN(1012));
    SHOW(CMSG_SPACE(0)); SHOW(CMSG_SPACE(1)); SHOW(CMSG_SPACE(4)); SHOW(CMSG_SPACE(8)); SHOW(CMSG_SPACE(12));
    SHOW(CMSG_SPACE(1012));
    SHOW(ALIGNED(0)); SHOW(ALIGNED(1)); SHOW(ALIGNED(4)); SHOW(ALIGNED(7)); SHOW(ALIGNED(8)); SHOW(ALIGNED(12));
    SHOW(ALIGNED(1012));
    SHOW(SCM_RIGHTS); SHOW(SCM_CREDENTIALS);
#ifdef SCM_PIDFD
    SHOW(SCM_PIDFD);
#else
    puts("SCM_PIDFD absent");
#endif
}

static void sockets(void)
{
    SHOW(SOL_SOCKET); SHOW(SO_DEBUG); SHOW(SO_REUSEADDR); SHOW(SO_TYPE); SHOW(SO_ERROR); SHOW(SO_DONTROUTE);
    SHOW(SO_BROADCAST); SHOW(SO_SNDBUF); SHOW(SO_RCVBUF); SHOW(SO_KEEPALIVE); SHOW(SO_OOBINLINE); SHOW(SO_LINGER);
    SHOW(SO_REUSEPORT); SHOW(SO_PASSCRED); SHOW(SO_PEERCRED); SHOW(SO_RCVLOWAT); SHOW(SO_SNDLOWAT); SHOW(SO_RCVTIMEO);
    SHOW(SO_SNDTIMEO); SHOW(SO_ACCEPTCONN); SHOW(SO_PEERSEC); SHOW(SO_PASSSEC); SHOW(SO_PROTOCOL); SHOW(SO_DOMAIN);
    SHOW(SO_PEEK_OFF); SHOW(SO_COOKIE); SHOW(SO_PEERGROUPS); SHOW(SO_NETNS_COOKIE); SHOW(SO_SNDBUFFORCE);
    SHOW(SO_RCVBUFFORCE); SHOW(SOCK_STREAM); SHOW(SOCK_DGRAM); SHOW(SOCK_RAW); SHOW(SOCK_SEQPACKET);
    SHOW(SOCK_CLOEXEC); SHOW(SOCK_NONBLOCK); SHOW(AF_UNSPEC); SHOW(AF_UNIX); SHOW(AF_INET); SHOW(AF_INET6);
    SHOW(AF_NETLINK); SHOW(AF_PACKET); SHOW(AF_VSOCK); SHOW(MSG_OOB); SHOW(MSG_PEEK); SHOW(MSG_CTRUNC);
    SHOW(MSG_TRUNC); SHOW(MSG_DONTWAIT); SHOW(MSG_EOR); SHOW(MSG_WAITALL); SHOW(MSG_ERRQUEUE); SHOW(MSG_NOSIGNAL);
    SHOW(MSG_MORE); SHOW(MSG_WAITFORONE); SHOW(MSG_CMSG_CLOEXEC); SHOW(SHUT_RD); SHOW(SHUT_WR); SHOW(SHUT_RDWR);
    SHOW(IPPROTO_IP); SHOW(IPPROTO_TCP); SHOW(IPPROTO_UDP); SHOW(IPPROTO_IPV6); SHOW(TCP_NODELAY); SHOW(TCP_INFO);
    SHOW(SIOCOUTQ); SHOW(SIOCINQ); SHOW(TIOCOUTQ); SHOW(FIONREAD); SHOW(FIONBIO); SHOW(SIOCGSTAMP);
#ifdef SO_PASSPIDFD
    SHOW(SO_PASSPIDFD);
#else
    puts("SO_PASSPIDFD absent");
#endif
#ifdef IPPROTO_MPTCP
    SHOW(IPPROTO_MPTCP);
#else
    puts("IPPROTO_MPTCP absent");
#endif
#ifdef SO_PEERPIDFD
    SHOW(SO_PEERPIDFD);
#else
    puts("SO_PEERPIDFD absent");
#endif
#ifdef SO_PASSRIGHTS
    SHOW(SO_PASSRIGHTS);
#else
    puts("SO_PASSRIGHTS absent");
#endif
    printf("SO_ACCEPTCON %d\n", __SO_ACCEPTCON);
    SHOW(SS_UNCONNECTED); SHOW(SS_CONNECTING); SHOW(SS_CONNECTED); SHOW(SS_DISCONNECTING);
}

static void files(void)
{
    SHOW(O_ACCMODE); SHOW(O_RDONLY); SHOW(O_WRONLY); SHOW(O_RDWR); SHOW(O_CREAT); SHOW(O_EXCL); SHOW(O_NOCTTY);
    SHOW(O_TRUNC); SHOW(O_APPEND); SHOW(O_NONBLOCK); SHOW(O_DSYNC); SHOW(O_SYNC); SHOW(O_ASYNC); SHOW(O_DIRECT);
    SHOW(O_DIRECTORY); SHOW(O_NOFOLLOW); SHOW(O_NOATIME); SHOW(O_CLOEXEC); SHOW(O_PATH); SHOW(O_TMPFILE);
    SHOW(F_DUPFD); SHOW(F_GETFD); SHOW(F_SETFD); SHOW(F_GETFL); SHOW(F_SETFL); SHOW(F_GETLK); SHOW(F_SETLK);
    SHOW(F_SETLKW); SHOW(F_GETOWN); SHOW(F_SETOWN); SHOW(F_SETSIG); SHOW(F_GETSIG); SHOW(F_SETLEASE);
    SHOW(F_GETLEASE); SHOW(F_DUPFD_CLOEXEC); SHOW(F_SETPIPE_SZ); SHOW(F_GETPIPE_SZ); SHOW(F_ADD_SEALS);
    SHOW(F_GET_SEALS); SHOW(F_SEAL_SEAL); SHOW(F_SEAL_SHRINK); SHOW(F_SEAL_GROW); SHOW(F_SEAL_WRITE);
    SHOW(F_OFD_GETLK); SHOW(F_OFD_SETLK); SHOW(F_OFD_SETLKW); SHOW(FD_CLOEXEC); SHOW(F_RDLCK); SHOW(F_WRLCK);
    SHOW(F_UNLCK); SHOW(LOCK_SH); SHOW(LOCK_EX); SHOW(LOCK_NB); SHOW(LOCK_UN); SHOW(SEEK_SET); SHOW(SEEK_CUR);
    SHOW(SEEK_END); SHOW(F_OK); SHOW(R_OK); SHOW(W_OK); SHOW(X_OK); SHOW(AT_FDCWD); SHOW(AT_SYMLINK_NOFOLLOW);
    SHOW(AT_REMOVEDIR); SHOW(AT_SYMLINK_FOLLOW); SHOW(AT_NO_AUTOMOUNT); SHOW(AT_EMPTY_PATH); SHOW(AT_EACCESS);
    SHOW(S_IFMT); SHOW(S_IFIFO); SHOW(S_IFCHR); SHOW(S_IFDIR); SHOW(S_IFBLK); SHOW(S_IFREG); SHOW(S_IFLNK);
    SHOW(S_IFSOCK); SHOW(S_ISUID); SHOW(S_ISGID); SHOW(S_ISVTX); SHOW(S_IRWXU); SHOW(S_IRWXG); SHOW(S_IRWXO);
    SHOW(STATX_TYPE); SHOW(STATX_MODE); SHOW(STATX_NLINK); SHOW(STATX_UID); SHOW(STATX_GID); SHOW(STATX_INO);
    SHOW(STATX_SIZE); SHOW(STATX_BASIC_STATS); SHOW(STATX_ALL); SHOW(RESOLVE_NO_XDEV); SHOW(RESOLVE_NO_MAGICLINKS);
    SHOW(RESOLVE_NO_SYMLINKS); SHOW(RESOLVE_BENEATH); SHOW(RESOLVE_IN_ROOT); SHOW(RESOLVE_CACHED); SHOW(MFD_CLOEXEC);
    SHOW(MFD_ALLOW_SEALING); SHOW(RLIMIT_NOFILE); SHOW(PROT_READ); SHOW(PROT_WRITE); SHOW(MAP_SHARED);
    SHOW(MAP_PRIVATE); SHOW(DT_UNKNOWN); SHOW(DT_FIFO); SHOW(DT_CHR); SHOW(DT_DIR); SHOW(DT_BLK); SHOW(DT_REG);
    SHOW(DT_LNK); SHOW(DT_SOCK);
    printf("MAP_FAILED %ld\n", (long)MAP_FAILED);
#ifdef F_SEAL_FUTURE_WRITE
    SHOW(F_SEAL_FUTURE_WRITE);
#else
    puts("F_SEAL_FUTURE_WRITE absent");
#endif
#ifdef F_SEAL_EXEC
    SHOW(F_SEAL_EXEC);
#else
    puts("F_SEAL_EXEC absent");
#endif
#ifdef F_DUPFD_QUERY
    SHOW(F_DUPFD_QUERY);
#else
    puts("F_DUPFD_QUERY absent");
#endif
#ifdef F_CREATED_QUERY
    SHOW(F_CREATED_QUERY);
#else
    puts("F_CREATED_QUERY absent");
#endif
#ifdef MFD_NOEXEC_SEAL
    SHOW(MFD_NOEXEC_SEAL);
#else
    puts("MFD_NOEXEC_SEAL absent");
#endif
#ifdef MFD_EXEC
    SHOW(MFD_EXEC);
#else
    puts("MFD_EXEC absent");
#endif
#ifdef STATX_MNT_ID
    SHOW(STATX_MNT_ID);
#else
    puts("STATX_MNT_ID absent");
#endif
#ifdef AT_STATX_DONT_SYNC
    SHOW(AT_STATX_DONT_SYNC);
#else
    puts("AT_STATX_DONT_SYNC absent");
#endif
}

static void waiting(void)
{
    SHOW(POLLIN); SHOW(POLLPRI); SHOW(POLLOUT); SHOW(POLLERR); SHOW(POLLHUP); SHOW(POLLNVAL); SHOW(POLLRDHUP);
    SHOW(POLLRDNORM); SHOW(POLLWRNORM); SHOW(EPOLL_CTL_ADD); SHOW(EPOLL_CTL_DEL); SHOW(EPOLL_CTL_MOD);
    SHOW(EPOLL_CLOEXEC); SHOW(EPOLLIN); SHOW(EPOLLPRI); SHOW(EPOLLOUT); SHOW(EPOLLERR); SHOW(EPOLLHUP);
    SHOW(EPOLLRDHUP); SHOW(EPOLLONESHOT); SHOW(EPOLLET); SHOW(EPOLLEXCLUSIVE); SHOW(EFD_CLOEXEC); SHOW(EFD_NONBLOCK);
    SHOW(EFD_SEMAPHORE); SHOW(TFD_CLOEXEC); SHOW(TFD_NONBLOCK); SHOW(SFD_CLOEXEC); SHOW(SFD_NONBLOCK);
    SHOW(IN_CLOEXEC); SHOW(IN_NONBLOCK); SHOW(WNOHANG); SHOW(WEXITED); SHOW(WNOWAIT); SHOW(WSTOPPED);
    SHOW(WCONTINUED); SHOW(CLD_EXITED); SHOW(CLD_KILLED); SHOW(CLD_DUMPED); SHOW(PR_SET_PDEATHSIG); SHOW(PR_SET_NAME);
    SHOW(POSIX_SPAWN_SETPGROUP); SHOW(POSIX_SPAWN_SETSIGDEF); SHOW(POSIX_SPAWN_SETSIGMASK); SHOW(PIPE_BUF);
    SHOW(RWF_NOWAIT); SHOW(SPLICE_F_NONBLOCK); SHOW(SPLICE_F_MOVE); SHOW(SIGHUP); SHOW(SIGINT); SHOW(SIGQUIT);
    SHOW(SIGKILL); SHOW(SIGPIPE); SHOW(SIGTERM); SHOW(SIGCHLD); SHOW(SIGCONT); SHOW(SIGSTOP); SHOW(SIGTTIN);
    SHOW(SIGTTOU); SHOW(SIGUSR1); SHOW(SIGUSR2); SHOW(SIGWINCH);
    printf("SIG_DFL %ld\n", (long)SIG_DFL);
    printf("SIG_IGN %ld\n", (long)SIG_IGN);
    printf("SIG_ERR %ld\n", (long)SIG_ERR);
    SHOW(CLOSE_RANGE_UNSHARE); SHOW(CLOSE_RANGE_CLOEXEC);
    /* Enumerators, so that the preprocessor cannot ask for them. */
    SHOW(P_PID);
#ifndef __GLIBC__
    SHOW(P_PIDFD);
#elif __GLIBC_PREREQ(2, 36)
    SHOW(P_PIDFD);
#else
    puts("P_PIDFD absent");
#endif
}

static void netlink(void)
{
    SHOW(NETLINK_SOCK_DIAG); SHOW(SOCK_DIAG_BY_FAMILY);
    SHOW(NLM_F_REQUEST); SHOW(NLM_F_MULTI); SHOW(NLM_F_ACK); SHOW(NLM_F_ROOT); SHOW(NLM_F_MATCH); SHOW(NLM_F_DUMP);
    SHOW(NLM_F_DUMP_INTR); SHOW(NLMSG_NOOP); SHOW(NLMSG_ERROR); SHOW(NLMSG_DONE);
    SHOW(NLMSG_ALIGN(1)); SHOW(NLMSG_ALIGN(4)); SHOW(NLMSG_ALIGN(5)); SHOW(NLA_ALIGN(1)); SHOW(NLA_ALIGN(4)); SHOW(NLA_ALIGN(5));
    SHOW(UDIAG_SHOW_NAME); SHOW(UDIAG_SHOW_VFS); SHOW(UDIAG_SHOW_PEER); SHOW(UDIAG_SHOW_ICONS); SHOW(UDIAG_SHOW_RQLEN);
    SHOW(UDIAG_SHOW_UID);
    SHOW(UNIX_DIAG_NAME); SHOW(UNIX_DIAG_VFS); SHOW(UNIX_DIAG_PEER); SHOW(UNIX_DIAG_ICONS); SHOW(UNIX_DIAG_RQLEN);
    SHOW(UNIX_DIAG_UID);
    /* The states of a socket, which <netinet/tcp.h> and the kernel's <net/tcp_states.h> have without the prefix. */
    printf("TCP_ESTABLISHED %d\n", BPF_TCP_ESTABLISHED);
    printf("TCP_LISTEN %d\n", BPF_TCP_LISTEN);
    printf("TCP_CLOSE %d\n", BPF_TCP_CLOSE);
}

static void system_calls(void)
{
#ifdef SYS_statx
    SHOW(SYS_statx);
#else
    puts("SYS_statx absent");
#endif
#ifdef SYS_getdents64
    SHOW(SYS_getdents64);
#else
    puts("SYS_getdents64 absent");
#endif
#ifdef SYS_openat2
    SHOW(SYS_openat2);
#else
    puts("SYS_openat2 absent");
#endif
#ifdef SYS_openat
    SHOW(SYS_openat);
#else
    puts("SYS_openat absent");
#endif
#ifdef SYS_pidfd_open
    SHOW(SYS_pidfd_open);
#else
    puts("SYS_pidfd_open absent");
#endif
#ifdef SYS_pidfd_getfd
    SHOW(SYS_pidfd_getfd);
#else
    puts("SYS_pidfd_getfd absent");
#endif
#ifdef SYS_pidfd_send_signal
    SHOW(SYS_pidfd_send_signal);
#else
    puts("SYS_pidfd_send_signal absent");
#endif
#ifdef SYS_close_range
    SHOW(SYS_close_range);
#else
    puts("SYS_close_range absent");
#endif
#ifdef SYS_fchmodat2
    SHOW(SYS_fchmodat2);
#else
    puts("SYS_fchmodat2 absent");
#endif
#ifdef SYS_memfd_create
    SHOW(SYS_memfd_create);
#else
    puts("SYS_memfd_create absent");
#endif
#ifdef SYS_dup3
    SHOW(SYS_dup3);
#else
    puts("SYS_dup3 absent");
#endif
#ifdef SYS_waitid
    SHOW(SYS_waitid);
#else
    puts("SYS_waitid absent");
#endif
#ifdef SYS_flock
    SHOW(SYS_flock);
#else
    puts("SYS_flock absent");
#endif
#ifdef SYS_renameat2
    SHOW(SYS_renameat2);
#else
    puts("SYS_renameat2 absent");
#endif
#ifdef SYS_clone
    SHOW(SYS_clone);
#else
    puts("SYS_clone absent");
#endif
#ifdef SYS_clone3
    SHOW(SYS_clone3);
#else
    puts("SYS_clone3 absent");
#endif
#ifdef SYS_execveat
    SHOW(SYS_execveat);
#else
    puts("SYS_execveat absent");
#endif
#ifdef SYS_prlimit64
    SHOW(SYS_prlimit64);
#else
    puts("SYS_prlimit64 absent");
#endif
#ifdef SYS_kcmp
    SHOW(SYS_kcmp);
#else
    puts("SYS_kcmp absent");
#endif
#ifdef SYS_faccessat2
    SHOW(SYS_faccessat2);
#else
    puts("SYS_faccessat2 absent");
#endif
#ifdef SYS_epoll_pwait2
    SHOW(SYS_epoll_pwait2);
#else
    puts("SYS_epoll_pwait2 absent");
#endif
#ifdef SYS_ppoll
    SHOW(SYS_ppoll);
#else
    puts("SYS_ppoll absent");
#endif
#ifdef SYS_mknodat
    SHOW(SYS_mknodat);
#else
    puts("SYS_mknodat absent");
#endif
#ifdef SYS_gettid
    SHOW(SYS_gettid);
#else
    puts("SYS_gettid absent");
#endif
#ifdef SYS_eventfd2
    SHOW(SYS_eventfd2);
#else
    puts("SYS_eventfd2 absent");
#endif
#ifdef SYS_tgkill
    SHOW(SYS_tgkill);
#else
    puts("SYS_tgkill absent");
#endif
#ifdef SYS_splice
    SHOW(SYS_splice);
#else
    puts("SYS_splice absent");
#endif
#ifdef SYS_tee
    SHOW(SYS_tee);
#else
    puts("SYS_tee absent");
#endif
#ifdef SYS_kill
    SHOW(SYS_kill);
#else
    puts("SYS_kill absent");
#endif
#ifdef SYS_pipe2
    SHOW(SYS_pipe2);
#else
    puts("SYS_pipe2 absent");
#endif
#ifdef SYS_accept4
    SHOW(SYS_accept4);
#else
    puts("SYS_accept4 absent");
#endif
#ifdef SYS_recvmmsg
    SHOW(SYS_recvmmsg);
#else
    puts("SYS_recvmmsg absent");
#endif
#ifdef SYS_sendmmsg
    SHOW(SYS_sendmmsg);
#else
    puts("SYS_sendmmsg absent");
#endif
#ifdef SYS_preadv2
    SHOW(SYS_preadv2);
#else
    puts("SYS_preadv2 absent");
#endif
#ifdef SYS_pwritev2
    SHOW(SYS_pwritev2);
#else
    puts("SYS_pwritev2 absent");
#endif
}

static void errors(void)
{
    SHOW(EPERM); SHOW(ENOENT); SHOW(ESRCH); SHOW(EINTR); SHOW(EIO); SHOW(ENXIO); SHOW(E2BIG); SHOW(ENOEXEC);
    SHOW(EBADF); SHOW(ECHILD); SHOW(EAGAIN); SHOW(ENOMEM); SHOW(EACCES); SHOW(EFAULT); SHOW(ENOTBLK); SHOW(EBUSY);
    SHOW(EEXIST); SHOW(EXDEV); SHOW(ENODEV); SHOW(ENOTDIR); SHOW(EISDIR); SHOW(EINVAL); SHOW(ENFILE); SHOW(EMFILE);
    SHOW(ENOTTY); SHOW(ETXTBSY); SHOW(EFBIG); SHOW(ENOSPC); SHOW(ESPIPE); SHOW(EROFS); SHOW(EMLINK); SHOW(EPIPE);
    SHOW(EDOM); SHOW(ERANGE); SHOW(EDEADLK); SHOW(ENAMETOOLONG); SHOW(ENOLCK); SHOW(ENOSYS); SHOW(ENOTEMPTY);
    SHOW(ELOOP); SHOW(ENOMSG); SHOW(EIDRM); SHOW(ECHRNG); SHOW(EL2NSYNC); SHOW(EL3HLT); SHOW(EL3RST); SHOW(ELNRNG);
    SHOW(EUNATCH); SHOW(ENOCSI); SHOW(EL2HLT); SHOW(EBADE); SHOW(EBADR); SHOW(EXFULL); SHOW(ENOANO); SHOW(EBADRQC);
    SHOW(EBADSLT); SHOW(EBFONT); SHOW(ENOSTR); SHOW(ENODATA); SHOW(ETIME); SHOW(ENOSR); SHOW(ENONET); SHOW(ENOPKG);
    SHOW(EREMOTE); SHOW(ENOLINK); SHOW(EADV); SHOW(ESRMNT); SHOW(ECOMM); SHOW(EPROTO); SHOW(EMULTIHOP); SHOW(EDOTDOT);
    SHOW(EBADMSG); SHOW(EOVERFLOW); SHOW(ENOTUNIQ); SHOW(EBADFD); SHOW(EREMCHG); SHOW(ELIBACC); SHOW(ELIBBAD);
    SHOW(ELIBSCN); SHOW(ELIBMAX); SHOW(ELIBEXEC); SHOW(EILSEQ); SHOW(ERESTART); SHOW(ESTRPIPE); SHOW(EUSERS);
    SHOW(ENOTSOCK); SHOW(EDESTADDRREQ); SHOW(EMSGSIZE); SHOW(EPROTOTYPE); SHOW(ENOPROTOOPT); SHOW(EPROTONOSUPPORT);
    SHOW(ESOCKTNOSUPPORT); SHOW(EOPNOTSUPP); SHOW(EPFNOSUPPORT); SHOW(EAFNOSUPPORT); SHOW(EADDRINUSE);
    SHOW(EADDRNOTAVAIL); SHOW(ENETDOWN); SHOW(ENETUNREACH); SHOW(ENETRESET); SHOW(ECONNABORTED); SHOW(ECONNRESET);
    SHOW(ENOBUFS); SHOW(EISCONN); SHOW(ENOTCONN); SHOW(ESHUTDOWN); SHOW(ETOOMANYREFS); SHOW(ETIMEDOUT);
    SHOW(ECONNREFUSED); SHOW(EHOSTDOWN); SHOW(EHOSTUNREACH); SHOW(EALREADY); SHOW(EINPROGRESS); SHOW(ESTALE);
    SHOW(EUCLEAN); SHOW(ENOTNAM); SHOW(ENAVAIL); SHOW(EISNAM); SHOW(EREMOTEIO); SHOW(EDQUOT); SHOW(ENOMEDIUM);
    SHOW(EMEDIUMTYPE); SHOW(ECANCELED); SHOW(ENOKEY); SHOW(EKEYEXPIRED); SHOW(EKEYREVOKED); SHOW(EKEYREJECTED);
    SHOW(EOWNERDEAD); SHOW(ENOTRECOVERABLE); SHOW(ERFKILL); SHOW(EHWPOISON); SHOW(EWOULDBLOCK); SHOW(EDEADLOCK);
    SHOW(ENOTSUP);
}

int main(void)
{
    structures();
    control_messages();
    sockets();
    files();
    waiting();
    netlink();
    system_calls();
    errors();
    return 0;
}
