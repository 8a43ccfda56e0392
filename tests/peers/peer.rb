#!/usr/bin/env ruby
# The other side of the wire, with Ruby's UNIXSocket#send_io and UNIXSocket#recv_io.
# The command line is in README.md.
#
# They pass one descriptor per message, with a payload of one byte that they do not show:
# send_io writes 0, and recv_io accepts any. If a message has two descriptors, recv_io fails.
# Ruby makes every descriptor close-on-exec, the received ones too.
require "socket"
require "timeout"

TYPES = { "stream" => :STREAM, "seqpacket" => :SEQPACKET, "datagram" => :DGRAM }.freeze

# Encloses every call that may wait. The program ends if that takes longer.
def patiently(&block)
  Timeout.timeout(20, Timeout::Error, "nothing happened for 20 seconds", &block)
end

# UNIXSocket.new makes a stream only. Socket.new makes every type, but has no send_io; the
# two are objects of one descriptor, and only the second one must close it.
def new_socket(type)
  name = TYPES.fetch(type) { abort "peer.rb: #{type}: not a socket type (stream, seqpacket, datagram)" }
  socket = Socket.new(:UNIX, name)
  socket.autoclose = false
  [socket, UNIXSocket.for_fd(socket.fileno)]
rescue Errno::EPROTONOSUPPORT, Errno::ESOCKTNOSUPPORT => e
  puts "unsupported: #{type}: #{e.message}"
  exit 77
end

def parse_address(text)
  Socket.sockaddr_un(text.sub(/\A@/, "\0")) # an abstract name starts with a zero byte
end

# Either side may start first, so this retries for 5 seconds until the other side exists.
def connect(address, type)
  socket, wire = new_socket(type)
  give_up = Time.now + 5
  begin
    patiently { socket.connect(parse_address(address)) }
  rescue Errno::ENOENT, Errno::ECONNREFUSED
    raise if Time.now > give_up
    sleep 0.05
    retry
  end
  wire
end

def bind(address, type)
  socket, wire = new_socket(type)
  File.umask(0o177) # mode 0600 from the start; a chmod afterwards would come too late
  socket.bind(parse_address(address))
  at_exit { File.unlink(address) } unless address.start_with?("@")
  wire
end

# One read(2). readpartial waits when the descriptor is non-blocking, and reads no more bytes
# than requested, so the shared offset moves by exactly the bytes that are shown.
def read_some(io, size)
  patiently { io.readpartial(size) }
rescue EOFError
  ""
end

def send_files(address, type, paths)
  wire = connect(address, type)
  files = paths.map { |path| patiently { File.open(path, "rb") } }
  files.each { |file| read_some(file, 3) }
  files.each { |file| patiently { wire.send_io(file) } }
  patiently do
    if type == "datagram"
      $stdin.gets # a datagram socket does not report that the peer has closed
    else
      wire.recv(1)
    end
  rescue Errno::ECONNRESET
    # closed, with our message unread
  end
  files.each do |file|
    print "rest "
    until (text = read_some(file, 4096)).empty?
      print text
    end
    print "\n"
  end
end

def receive_files(address, type, count)
  wire = type == "datagram" ? bind(address, type) : connect(address, type)
  files = Array.new(count) { patiently { wire.recv_io } }
  files.each { |file| print "got ", read_some(file, 4), "\n" }
end

begin
  verb, address, type, *rest = ARGV
  if verb == "send" && rest.any?
    send_files(address, type, rest)
  elsif verb == "receive" && rest.size == 1 && rest[0].to_i.positive?
    receive_files(address, type, rest[0].to_i)
  else
    abort "usage: peer send ADDRESS TYPE FILE... | receive ADDRESS TYPE COUNT"
  end
rescue SystemCallError, IOError, SocketError, ArgumentError, Timeout::Error => e
  abort "peer.rb: #{e.message}"
end
