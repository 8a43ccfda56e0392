# Sends a descriptor to itself over a socket pair, receives and closes it, and says how long it took.
#
#   echo pass 1 100000 | perl loop.pl        needs IO::FDPass (Debian: libio-fdpass-perl)
#
# The protocol is in README.md. A message of IO::FDPass has one descriptor, and the module itself looks whether it came.
# Perl makes what it opens close-on-exec, but not what IO::FDPass receives: that takes a handle over the number.
use strict;
use warnings;
use IO::FDPass;
use Socket;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

socketpair(my $left, my $right, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!\n";
open my $device, "+<", "/dev/null" or die "/dev/null: $!\n";
my ($from, $to, $fd) = (fileno $left, fileno $right, fileno $device);
$| = 1;

while (my $line = <STDIN>) {
    my (undef, $count, $times) = split " ", $line;
    my $start = clock_gettime(CLOCK_MONOTONIC);
    for (1 .. $times) {
        for (1 .. $count) {
            IO::FDPass::send($from, $fd) or die "send: $!\n";
        }
        for (1 .. $count) {
            my $got = IO::FDPass::recv($to);
            $got >= 0 or die "recv: $!\n";
            open my $handle, "+<&=", $got or die "open: $!\n";
            close $handle;
        }
    }
    printf "%d\n", (clock_gettime(CLOCK_MONOTONIC) - $start) * 1e9;
}
