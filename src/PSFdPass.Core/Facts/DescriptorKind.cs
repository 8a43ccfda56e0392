namespace PSFdPass;

/// <summary>Specifies the kind of file that a descriptor refers to.</summary>
public enum DescriptorKind
{
    /// <summary>The descriptor is closed, or has been handed over.</summary>
    None,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link itself, opened with O_PATH and O_NOFOLLOW.</summary>
    SymbolicLink,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A pipe, or a FIFO: pipe(7), fifo(7).</summary>
    Pipe,

    /// <summary>A character device, such as a terminal or <c>/dev/null</c>.</summary>
    CharacterDevice,

    /// <summary>A block device.</summary>
    BlockDevice,

    /// <summary>A file without a path, in memory only: memfd_create(2).</summary>
    MemoryFile,

    /// <summary>An event counter: eventfd(2).</summary>
    Event,

    /// <summary>A timer: timerfd_create(2).</summary>
    Timer,

    /// <summary>A signal queue: signalfd(2).</summary>
    Signal,

    /// <summary>An epoll instance: epoll(7).</summary>
    Epoll,

    /// <summary>An inotify instance, which watches files: inotify(7).</summary>
    Inotify,

    /// <summary>A process: pidfd_open(2).</summary>
    ProcessDescriptor,

    /// <summary>A namespace: namespaces(7).</summary>
    Namespace,

    /// <summary>An io_uring instance: io_uring_setup(2).</summary>
    IoUring,

    /// <summary>Another kind of file. The target is the kernel's name for the file.</summary>
    Other,
}
