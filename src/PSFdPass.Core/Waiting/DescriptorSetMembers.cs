using System.Runtime.InteropServices;

namespace PSFdPass.Waiting;

/// <summary>
/// Holds the members of a <see cref="DescriptorSet"/>, and finds them by handle, by number and by the token that the kernel
/// returns.
/// </summary>
/// <remarks>A token is never used again, so a late event of a former member is not mistaken for an event of another one.</remarks>
internal sealed class DescriptorSetMembers
{
    private readonly Dictionary<SafeHandle, DescriptorSetMember> _byHandle = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int, DescriptorSetMember> _byNumber = [];
    private readonly List<DescriptorSetMember?> _slots = [];
    private readonly Stack<int> _free = [];
    private uint _generation;

    /// <summary>Gets the number of members.</summary>
    public int Count => _byHandle.Count;

    /// <summary>Gets all members.</summary>
    public IEnumerable<DescriptorSetMember> All => _byHandle.Values;

    /// <summary>Returns the member with a handle; null when there is none.</summary>
    public DescriptorSetMember? Find(SafeHandle handle) => _byHandle.GetValueOrDefault(handle);

    /// <summary>Returns the member with a number; null when there is none.</summary>
    public DescriptorSetMember? Find(int fd) => _byNumber.GetValueOrDefault(fd);

    /// <summary>Returns the member with a token; null when the member has been removed.</summary>
    public DescriptorSetMember? Find(ulong token)
    {
        int slot = (int)(uint)token;
        return slot < _slots.Count && _slots[slot] is { } member && member.Token == token ? member : null;
    }

    /// <summary>Creates a member, which is in the set only after <see cref="Add"/>.</summary>
    public DescriptorSetMember Create(SafeHandle handle, int fd, short events, object? state)
    {
        if (!_free.TryPop(out int slot))
        {
            slot = _slots.Count;
            _slots.Add(null);
        }

        return new DescriptorSetMember(handle, fd, ((ulong)++_generation << 32) | (uint)slot, state) { Events = events };
    }

    /// <summary>Discards a member that was created but not added.</summary>
    public void Discard(DescriptorSetMember member) => _free.Push((int)(uint)member.Token);

    /// <summary>Adds a member that <see cref="Create"/> has returned.</summary>
    public void Add(DescriptorSetMember member)
    {
        _slots[(int)(uint)member.Token] = member;
        _byHandle.Add(member.Handle, member);
        _byNumber[member.Fd] = member;
    }

    /// <summary>Removes a member, and frees its slot.</summary>
    public void Remove(DescriptorSetMember member)
    {
        int slot = (int)(uint)member.Token;
        _slots[slot] = null;
        _free.Push(slot);
        _byHandle.Remove(member.Handle);
        if (_byNumber.TryGetValue(member.Fd, out DescriptorSetMember? one) && one == member)
        {
            _byNumber.Remove(member.Fd);
        }
    }
}
