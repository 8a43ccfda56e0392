# Sends a descriptor to itself over a socket pair, receives and closes it, and says how long it took.
#
#   echo pass 1 100000 | ruby loop.rb
#
# The protocol is in README.md. A message of send_io has one descriptor. What recv_io receives is close-on-exec, and it
# raises an error itself when no descriptor came.
require "socket"

left, right = UNIXSocket.pair
device = File.open("/dev/null", "r+")
$stdout.sync = true

while (line = $stdin.gets)
  _, count, times = line.split
  count = count.to_i
  times = times.to_i
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
  times.times do
    count.times { left.send_io(device) }
    count.times { right.recv_io.close }
  end
  puts Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start
end
