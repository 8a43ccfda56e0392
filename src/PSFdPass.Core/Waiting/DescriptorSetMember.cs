using System.Runtime.InteropServices;

namespace PSFdPass.Waiting;

/// <summary>A member of a <see cref="DescriptorSet"/>.</summary>
/// <param name="handle">The handle, which is not kept open.</param>
/// <param name="fd">The number that the handle had when it was added.</param>
/// <param name="token">The value that identifies the member in the kernel's events.</param>
/// <param name="state">The object that is returned when the member is ready.</param>
internal sealed class DescriptorSetMember(SafeHandle handle, int fd, ulong token, object? state)
{
    public SafeHandle Handle => handle;

    public int Fd => fd;

    public ulong Token => token;

    public object? State => state;

    /// <summary>Gets or sets the poll(2) events that are waited for.</summary>
    public short Events { get; set; }

    /// <summary>Gets or sets a value indicating whether the member is a file, which is always ready.</summary>
    public bool IsAlwaysReady { get; set; }

    /// <summary>Gets a value indicating whether the handle has been closed without being removed from the set.</summary>
    public bool IsClosed => WaitLoop.IsClosed(handle);
}
