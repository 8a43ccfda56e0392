#!/usr/bin/perl
# The other side of the wire, with Perl's IO::FDPass::send and IO::FDPass::recv
# (Debian: libio-fdpass-perl). The command line is in README.md.
#
# IO::FDPass passes one descriptor per message. The payload is one byte, which it does not show:
# send writes 0, and recv accepts only 0 (with any other byte, it fails with EDOM). If a message has
# several descriptors, recv returns the first and leaks the second. Its documentation mentions
# only streaming sockets; on Linux, the other two types work as well.
use strict;
use warnings;
use Errno qw(EDOM ENOENT ECONNREFUSED ECONNRESET EPROTONOSUPPORT ESOCKTNOSUPPORT);
use Fcntl qw(F_SETFD FD_CLOEXEC);
use Socket;
use Time::HiRes qw(time sleep);

my %TYPES = (stream => SOCK_STREAM, seqpacket => SOCK_SEQPACKET, datagram => SOCK_DGRAM);
my $bound_path;    # a socket file of ours, to be removed at the end

END { unlink $bound_path if defined $bound_path }

sub fail        { print STDERR "peer.pl: @_\n"; exit 1 }
sub unsupported { print "unsupported: @_\n";    exit 77 }

# Called before every call that may wait. The program ends if that takes longer.
$SIG{ALRM} = sub { fail('nothing happened for 20 seconds') };
sub patience { alarm 20 }

sub new_socket {
    my ($type) = @_;
    exists $TYPES{$type} or fail("$type: not a socket type (stream, seqpacket, datagram)");
    # Perl makes every descriptor above $^F (2) close-on-exec, so this one is.
    my $wire;
    socket($wire, PF_UNIX, $TYPES{$type}, 0) and return $wire;
    $!{EPROTONOSUPPORT} || $!{ESOCKTNOSUPPORT} ? unsupported("$type: $!") : fail("socket: $!");
}

sub parse_address {
    my ($address) = @_;
    $address =~ s/^@/\0/;    # an abstract name starts with a zero byte
    fail('an address has 1 to 107 bytes') unless length $address && length $address <= 107;
    return pack_sockaddr_un($address);
}

# Either side may start first, so this retries for 5 seconds until the other side exists.
sub connect_to {
    my ($address, $type) = @_;
    my ($wire, $give_up) = (new_socket($type), time + 5);
    patience();
    until (connect $wire, parse_address($address)) {
        fail("connect $address: $!") unless ($!{ENOENT} || $!{ECONNREFUSED}) && time < $give_up;
        sleep 0.05;
    }
    return $wire;
}

sub bind_to {
    my ($address, $type) = @_;
    my $wire = new_socket($type);
    umask 0177;    # mode 0600 from the start; a chmod afterwards would come too late
    bind $wire, parse_address($address) or fail("bind $address: $!");
    $bound_path = $address unless $address =~ /^@/;
    return $wire;
}

# One read, which never fails with EAGAIN. O_NONBLOCK is a flag of the open file, so a received
# descriptor can have it. sysread, because a buffered read would move the shared offset too far.
sub read_some {
    my ($handle, $size) = @_;
    patience();
    my ($ready, $text) = ('', '');
    vec($ready, fileno $handle, 1) = 1;
    select $ready, undef, undef, undef;
    my $got = sysread $handle, $text, $size;
    defined $got or fail("read: $!");
    return $text;
}

sub send_files {
    my ($address, $type, @files) = @_;
    my $wire = connect_to($address, $type);
    my @handles = map { patience(); open(my $handle, '<', $_) or fail("open $_: $!"); $handle } @files;
    for my $handle (@handles) {
        read_some($handle, 3);
        patience();
        IO::FDPass::send(fileno $wire, fileno $handle) or fail("send: $!");
    }
    patience();
    if ($type eq 'datagram') {
        my $line = <STDIN>;    # a datagram socket does not report that the peer has closed
    } elsif (!defined recv($wire, my $byte, 1, 0)) {
        fail("recv: $!") unless $!{ECONNRESET};    # closed, with our message unread
    }
    for my $handle (@handles) {
        print 'rest ';
        while (length(my $text = read_some($handle, 4096))) { print $text }
        print "\n";
    }
}

sub receive_files {
    my ($address, $type, $count) = @_;
    my $wire = $type eq 'datagram' ? bind_to($address, $type) : connect_to($address, $type);
    my @handles;
    while (@handles < $count) {
        patience();
        $! = 0;    # -1 is an error or the end, and only an error sets errno
        my $fd = IO::FDPass::recv(fileno $wire);
        if ($fd < 0) {
            my $reason =
                $!{EDOM} ? 'a message without a descriptor, or whose first byte is not 0'
              : $! || 'the peer closed';
            fail("recv: $reason, after " . @handles . " of $count descriptors");
        }
        open(my $handle, '<&=', $fd) or fail("descriptor $fd: $!");
        fcntl $handle, F_SETFD, FD_CLOEXEC or fail("fcntl: $!");    # recv has no MSG_CMSG_CLOEXEC
        push @handles, $handle;
    }
    print 'got ', read_some($_, 4), "\n" for @handles;
}

eval { require IO::FDPass } or unsupported('IO::FDPass is not installed');
$SIG{PIPE} = 'IGNORE';    # if the peer has closed, send returns an error and no signal ends this program
my ($verb, $address, $type, @rest) = @ARGV;
if    (@rest && $verb eq 'send')                                       { send_files($address, $type, @rest) }
elsif (@rest == 1 && $verb eq 'receive' && $rest[0] =~ /^[1-9]\d*$/) { receive_files($address, $type, @rest) }
else  { fail('usage: peer send ADDRESS TYPE FILE... | receive ADDRESS TYPE COUNT') }
