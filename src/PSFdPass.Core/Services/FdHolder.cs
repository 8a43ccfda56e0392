using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using PSFdPass.Facts;
using PSFdPass.Interop;
using PSFdPass.Services;
using PSFdPass.Waiting;

namespace PSFdPass;

/// <summary>
/// A client of the holder s6-fdholderd, a daemon that keeps named descriptors for other processes
/// (https://skarnet.org/software/s6/s6-fdholderd.html).
/// </summary>
/// <remarks>
/// Thread-safe. Each operation uses a new connection, so an instance can also be used after the holder has been restarted. When an operation
/// times out or is canceled, the holder may nevertheless have carried it out.
/// </remarks>
public sealed class FdHolder
{
    private readonly IReadOnlySet<uint>? _allowedUsers;

    /// <summary>Creates a client. Does not connect.</summary>
    /// <param name="address">The holder's socket.</param>
    /// <param name="allowedUsers">
    /// The IDs of the users that the holder may run as; null to allow root and the user of this process.
    /// </param>
    public FdHolder(UnixSocketAddress address, IReadOnlySet<uint>? allowedUsers = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        Address = address;
        _allowedUsers = allowedUsers;
    }

    private delegate TResult Answer<TResult>(Func<string> failure, Frame frame);

    /// <summary>Gets the address of the holder's socket.</summary>
    public UnixSocketAddress Address { get; }

    /// <summary>
    /// Stores a duplicate of a descriptor under a name. The holder keeps it until it is deleted or the holder ends.
    /// </summary>
    /// <param name="name">
    /// The name, which can be up to 255 bytes long in UTF-8. The holder must not already have a descriptor with that name.
    /// </param>
    /// <param name="descriptor">The descriptor to duplicate. The caller remains its owner.</param>
    /// <param name="timeout">The time for the whole operation; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="ArgumentException">Thrown when the name is not valid.</exception>
    /// <exception cref="FdHolderException">
    /// Thrown when the holder refuses the request (EBUSY: it already has that name; EPERM: its rules don't allow the request;
    /// ENFILE: it is full), runs as a user who is not allowed, or ends before it answers. Also thrown when the program at the
    /// address is not a holder.
    /// </exception>
    /// <exception cref="SystemCallException">Thrown when connecting fails: ENOENT, ECONNREFUSED, EACCES and so on.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Thrown when the timeout is negative and not infinite.</exception>
    /// <exception cref="TimeoutException">Thrown when the holder didn't answer in time.</exception>
    /// <exception cref="OperationCanceledException">Thrown when the operation was canceled.</exception>
    public void Store(string name, SafeHandle descriptor, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(descriptor);

        // The request contains the time at which the holder closes the descriptor, in the TAI64N format. For "never", the s6 tools
        // send the time 2^61 seconds from now.
        const ulong Never = (1UL << 62) + (1UL << 61);
        byte[] request = Request("S", sizeof(ulong) + sizeof(uint), name);
        BinaryPrimitives.WriteUInt64BigEndian(request.AsSpan(1), Never + (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Ask(() => SR.Format(SR.HolderStoreFailed, ShownText.Of(name), Address), request, [descriptor], Deadline.After(timeout), cancellationToken, CheckDone);
    }

    /// <summary>Returns a duplicate of a stored descriptor.</summary>
    /// <param name="name">The name.</param>
    /// <param name="remove">True to remove the descriptor from the holder in the same step.</param>
    /// <param name="timeout">The time for the whole operation; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The descriptor, which the caller must dispose.</returns>
    /// <exception cref="FdHolderException">
    /// Thrown when the holder refuses the request (ENOENT: it doesn't have that name; EPERM: its rules don't allow the request).
    /// </exception>
    /// <inheritdoc cref="Store"/>
    public FileDescriptor Retrieve(string name, bool remove, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        byte[] request = Request("R", 1, name);
        request[1] = remove ? (byte)1 : (byte)0;
        return Ask(() => SR.Format(SR.HolderRetrieveFailed, ShownText.Of(name), Address), request, [], Deadline.After(timeout), cancellationToken, static (failure, frame) =>
        {
            ThrowIfRefused(failure, frame);
            return frame.Body.Length == 1 && frame.Descriptors.Length == 1
                ? frame.Descriptors[0]
                : throw FdHolderException.Invalid(failure(), SR.HolderAnswerInvalid);
        });
    }

    /// <summary>Deletes a stored descriptor. The holder closes it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="timeout">The time for the whole operation; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="FdHolderException">
    /// Thrown when the holder refuses the request (ENOENT: it doesn't have that name; EPERM: its rules don't allow the request).
    /// </exception>
    /// <inheritdoc cref="Store"/>
    public void Delete(string name, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        Ask(() => SR.Format(SR.HolderDeleteFailed, ShownText.Of(name), Address), Request("D", 0, name), [], Deadline.After(timeout), cancellationToken, CheckDone);

    /// <summary>Returns the names of all stored descriptors.</summary>
    /// <param name="timeout">The time for the whole operation; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>
    /// The names, in no particular order. Other users may have chosen the names, and a name can contain any character.
    /// </returns>
    /// <exception cref="FdHolderException">
    /// Thrown when the holder refuses the request (EPERM: its rules don't allow it).
    /// </exception>
    /// <inheritdoc cref="Store"/>
    public IReadOnlyList<string> List(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        Ask(() => SR.Format(SR.HolderListFailed, Address), "L"u8.ToArray(), [], Deadline.After(timeout), cancellationToken, static (failure, frame) =>
        {
            const int CountSize = 1 + sizeof(uint);
            ThrowIfRefused(failure, frame);
            ReadOnlySpan<byte> body = frame.Body;
            if (frame.Descriptors.Length > 0 || body.Length < CountSize || (body.Length > CountSize && body[^1] != 0))
            {
                throw FdHolderException.Invalid(failure(), SR.HolderAnswerInvalid);
            }

            string[] names = body.Length == CountSize ? [] : Encoding.UTF8.GetString(body[CountSize..^1]).Split('\0');
            return names.Length == BinaryPrimitives.ReadUInt32BigEndian(body[1..])
                ? names
                : throw FdHolderException.Invalid(failure(), SR.HolderCountInvalid);
        });

    // A request consists of a letter, bytes that depend on the operation, the length of the name, the name and a NUL.
    private static byte[] Request(string letter, int size, string name)
    {
        byte[] bytes = DescriptorNames.GetBytes(name);
        byte[] request = new byte[1 + size + 1 + bytes.Length + 1];
        request[0] = (byte)letter[0];
        request[1 + size] = (byte)bytes.Length;
        bytes.CopyTo(request.AsSpan(1 + size + 1));
        return request;
    }

    private static bool CheckDone(Func<string> failure, Frame frame)
    {
        ThrowIfRefused(failure, frame);
        return frame.Body.Length == 1 && frame.Descriptors.Length == 0
            ? true
            : throw FdHolderException.Invalid(failure(), SR.HolderAnswerInvalid);
    }

    private static void ThrowIfRefused(Func<string> failure, Frame frame)
    {
        if (frame.Body.Length > 0 && frame.Body[0] != 0)
        {
            throw FdHolderException.Refused(failure(), frame.Body[0]);
        }
    }

    private TResult Ask<TResult>(
        Func<string> failure,
        byte[] request,
        ReadOnlySpan<SafeHandle> descriptors,
        Deadline deadline,
        CancellationToken cancellationToken,
        Answer<TResult> answer)
    {
        try
        {
            using Socket socket = ServiceSockets.Connect(Address, SocketType.Stream, deadline, cancellationToken);
            ThrowIfOtherUser(socket, failure);
            using var frames = new FramedSocket(socket.SafeHandle);
            frames.Send(request, descriptors, deadline, cancellationToken);
            Frame frame = frames.Receive(deadline, cancellationToken) ??
                throw FdHolderException.Invalid(failure(), SR.HolderClosed);
            try
            {
                return answer(failure, frame);
            }
            catch
            {
                frame.Dispose();
                throw;
            }
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException(SR.Format(SR.HolderTimedOut, failure()), exception);
        }
        catch (InvalidDataException exception)
        {
            throw FdHolderException.Invalid(failure(), exception.Message, exception);
        }
        catch (SystemCallException exception) when (exception.Call == "sendmsg" && exception.Errno == Errno.EPIPE)
        {
            throw FdHolderException.Invalid(failure(), SR.HolderClosed, exception);
        }
    }

    private void ThrowIfOtherUser(Socket socket, Func<string> failure)
    {
        using UnixSocketPeer peer = UnixSocketPeer.Of(socket.SafeHandle);
        if (_allowedUsers is null ? peer.UserId != 0 && peer.UserId != Unistd.GetEUid() : !_allowedUsers.Contains(peer.UserId))
        {
            throw new FdHolderException(failure(), SR.Format(SR.HolderUserNotAllowed, UserNames.Describe(peer.UserId)), Errno.EACCES);
        }
    }
}
