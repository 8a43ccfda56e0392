using System.Runtime.InteropServices;
using PSFdPass.Handles;
using PSFdPass.Waiting;

namespace PSFdPass.Binding;

/// <summary>One wait for objects that hold descriptors. Several objects can hold the same descriptor.</summary>
internal sealed class ReadinessWait
{
    private readonly List<Member> _members = [];

    /// <summary>Gets the number of objects to wait for.</summary>
    public int Count => _members.Count;

    /// <summary>Gets the objects that are ready, in the order in which they were added.</summary>
    public List<object> Ready => [.. _members.Where(static member => member.IsReady).Select(static member => member.Holder)];

    /// <summary>Gets the objects that were closed during the wait.</summary>
    public List<object> Closed => [.. _members.Where(static member => member.IsClosed).Select(static member => member.Holder)];

    /// <summary>Adds an object.</summary>
    public void Add(object holder, SafeHandle handle) => _members.Add(new Member(holder, handle));

    /// <summary>
    /// Waits until one object (or, with <paramref name="all"/>, each object) has been ready or closed, or until the time is over.
    /// </summary>
    public void Run(DescriptorEvents events, bool all, Deadline deadline, CancellationToken cancellationToken)
    {
        using var set = new DescriptorSet();
        var groups = new List<Member[]>();
        foreach (IGrouping<int, Member> group in _members.GroupBy(static member => member.Number()))
        {
            Member[] members = [.. group];
            set.Add(members[0].Handle, events, members);
            groups.Add(members);
        }

        var ready = new ReadyDescriptor[groups.Count];
        do
        {
            int count = set.Wait(ready, TimeSpan.FromMilliseconds(deadline.AtMost(WaitLoop.SliceMilliseconds)), cancellationToken);
            foreach (ReadyDescriptor one in ready.AsSpan(0, count))
            {
                set.Remove(one.Descriptor);
                Array.ForEach((Member[])one.State!, static member => member.IsReady = true);
            }

            foreach (Member member in _members)
            {
                member.IsClosed = !member.IsReady && WaitLoop.IsClosed(member.Handle);
            }
        }
        while (!deadline.HasPassed && (all
            ? _members.Exists(static member => !member.IsReady && !member.IsClosed)
            : !_members.Exists(static member => member.IsReady || member.IsClosed)));
    }

    private sealed class Member(object holder, SafeHandle handle)
    {
        public object Holder => holder;

        public SafeHandle Handle => handle;

        public bool IsReady { get; set; }

        public bool IsClosed { get; set; }

        public int Number()
        {
            using var lease = new HandleLease(handle);
            return lease.Fd;
        }
    }
}
