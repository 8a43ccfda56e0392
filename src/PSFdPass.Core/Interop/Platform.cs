using System.Runtime.InteropServices;

namespace PSFdPass.Interop;

/// <summary>A system whose C structures and constants this library contains.</summary>
internal enum PlatformId
{
    /// <summary>Linux with glibc or musl, on x86-64.</summary>
    LinuxX64,

    /// <summary>Linux with glibc or musl, on arm64.</summary>
    LinuxArm64,

    /// <summary>macOS, on x86-64 or arm64. The data is taken from the headers of macOS; nothing has been run there.</summary>
    MacOS,
}

/// <summary>
/// Detects the system. The structures and numbers that differ between systems are tables of data (<see cref="Constants"/>,
/// <see cref="Ancillary.ControlMessageLayout"/>, <see cref="ErrnoNames"/>) selected by <see cref="PlatformId"/>, so that the tables
/// of one system can be tested on another.
/// </summary>
internal static class Platform
{
    /// <summary>The system that this process runs on.</summary>
    public static readonly PlatformId Current = Detect();

    /// <summary>
    /// Indicates whether variadic arguments are passed on the stack even when registers are free. This is Apple's arm64
    /// convention, under which <c>fcntl</c> reads garbage if it is called as if it had three fixed parameters.
    /// </summary>
    public static readonly bool VariadicOnStack =
        Current == PlatformId.MacOS && RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    private static PlatformId Detect()
    {
        if (!BitConverter.IsLittleEndian || IntPtr.Size != 8)
        {
            throw new PlatformNotSupportedException(SR.PlatformLayoutNotSupported);
        }

        if (OperatingSystem.IsLinux())
        {
            return RuntimeInformation.ProcessArchitecture switch
            {
                Architecture.X64 => PlatformId.LinuxX64,
                Architecture.Arm64 => PlatformId.LinuxArm64,
                var other => throw new PlatformNotSupportedException(SR.Format(SR.PlatformArchitectureNotSupported, other)),
            };
        }

        return OperatingSystem.IsMacOS()
            ? PlatformId.MacOS
            : throw new PlatformNotSupportedException(SR.PlatformNotSupported);
    }
}
