// The other side of the wire, with Go's WriteMsgUnix and ReadMsgUnix, and syscall.UnixRights
// and ParseUnixRights for the control message. The command line is in README.md.
//
//	GO111MODULE=off go build -o /tmp/peer-go peer.go
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	maxFds   = 253 // the kernel's limit for one message
	maxBytes = 1 << 20
	waitFor  = 20 * time.Second
)

var (
	networks  = map[string]string{"stream": "unix", "seqpacket": "unixpacket", "datagram": "unixgram"}
	timer     = time.AfterFunc(waitFor, func() { fail(errors.New("nothing happened for 20 seconds")) })
	boundPath string // a socket file of ours, to be removed at the end
)

func fail(err error) {
	removeSocketFile()
	fmt.Fprintln(os.Stderr, "peer.go:", err)
	os.Exit(1)
}

func check(err error) {
	if errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.ESOCKTNOSUPPORT) {
		fmt.Println("unsupported:", err)
		os.Exit(77)
	}
	if err != nil {
		fail(err)
	}
}

// Called before every call that may wait. The timer ends the program if that takes longer.
func patience() { timer.Reset(waitFor) }

func removeSocketFile() {
	if boundPath != "" {
		os.Remove(boundPath)
	}
}

// A name that starts with "@" is abstract; Go's net package has the same notation.
func address(name, kind string) *net.UnixAddr {
	network, known := networks[kind]
	if !known {
		fail(fmt.Errorf("%s: not a socket type (stream, seqpacket, datagram)", kind))
	}
	return &net.UnixAddr{Name: name, Net: network}
}

// Either side may start first, so this retries for 5 seconds until the other side exists.
func retry(attempt func() error) {
	patience()
	for giveUp := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := attempt()
		notYet := errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED)
		if !notYet || time.Now().After(giveUp) {
			check(err)
			return
		}
	}
}

func connect(to *net.UnixAddr) (wire *net.UnixConn) {
	retry(func() (err error) {
		wire, err = net.DialUnix(to.Net, nil, to)
		return err
	})
	return wire
}

func bind(at *net.UnixAddr) *net.UnixConn {
	syscall.Umask(0177) // mode 0600 from the start; a chmod afterwards would come too late
	wire, err := net.ListenUnixgram(at.Net, at)
	check(err)
	if !strings.HasPrefix(at.Name, "@") {
		boundPath = at.Name
	}
	return wire
}

// One read without a buffer, because the offset is shared and must move by exactly the bytes that
// are shown. os.File waits by itself when the descriptor is non-blocking.
func readSome(file *os.File, size int) []byte {
	text := make([]byte, size)
	patience()
	n, err := file.Read(text)
	if !errors.Is(err, io.EOF) {
		check(err)
	}
	return text[:n]
}

func send(to *net.UnixAddr, paths []string) {
	var wire *net.UnixConn
	var recipient *net.UnixAddr
	if to.Net != "unixgram" {
		wire = connect(to)
	} else { // WriteMsgUnix refuses a connected datagram socket, so this one names its recipient
		var err error
		wire, err = net.ListenUnixgram(to.Net, &net.UnixAddr{Net: to.Net}) // no name: the kernel chooses one
		check(err)
		recipient = to
	}
	defer wire.Close()
	var files []*os.File
	var fds []int
	for _, path := range paths {
		patience()
		file, err := os.Open(path) // Go opens every file close-on-exec
		check(err)
		readSome(file, 3)
		files, fds = append(files, file), append(fds, int(file.Fd()))
	}
	retry(func() error {
		// One byte, the count: on a stream, a message without a byte loses its descriptors.
		_, _, err := wire.WriteMsgUnix([]byte{byte(len(fds))}, syscall.UnixRights(fds...), recipient)
		return err
	})

	patience()
	if to.Net == "unixgram" {
		bufio.NewReader(os.Stdin).ReadString('\n') // a datagram socket does not report that the peer has closed
	} else if _, err := wire.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		check(err) // EOF: closed; ECONNRESET: closed, with our message unread
	}
	for _, file := range files {
		fmt.Print("rest ")
		for text := readSome(file, 4096); len(text) > 0; text = readSome(file, 4096) {
			os.Stdout.Write(text)
		}
		fmt.Println()
	}
}

func receive(from *net.UnixAddr, count int) {
	var wire *net.UnixConn
	if from.Net == "unixgram" {
		wire = bind(from)
	} else {
		wire = connect(from)
	}
	defer wire.Close() // only after the reads: the sender waits for the close, then reads the rest
	var payload []byte
	var fds []int
	data, control := make([]byte, maxBytes), make([]byte, syscall.CmsgSpace(maxFds*4))
	for len(fds) < count {
		patience()
		// On Linux, ReadMsgUnix passes MSG_CMSG_CLOEXEC itself.
		n, controlSize, flags, _, err := wire.ReadMsgUnix(data, control)
		if errors.Is(err, io.EOF) && controlSize == 0 {
			err = fmt.Errorf("the peer closed after %d of %d descriptors", len(fds), count)
		} else if errors.Is(err, io.EOF) {
			err = nil // a descriptor without a byte is a message, on a seqpacket socket
		} else if flags&syscall.MSG_CTRUNC != 0 {
			err = errors.New("descriptors were lost: is the descriptor table full?")
		} else if flags&syscall.MSG_TRUNC != 0 {
			err = fmt.Errorf("the message is larger than %d bytes", maxBytes)
		}
		check(err)
		payload = append(payload, data[:n]...)
		messages, err := syscall.ParseSocketControlMessage(control[:controlSize])
		check(err)
		for _, message := range messages {
			if message.Header.Level == syscall.SOL_SOCKET && message.Header.Type == syscall.SCM_RIGHTS {
				more, err := syscall.ParseUnixRights(&message)
				check(err)
				fds = append(fds, more...)
			}
		}
	}
	fmt.Printf("data %x\n", payload)
	for _, fd := range fds {
		file := os.NewFile(uintptr(fd), "received")
		fmt.Printf("got %s\n", readSome(file, 4))
		file.Close()
	}
}

func main() {
	defer removeSocketFile()
	if len(os.Args) >= 5 && os.Args[1] == "send" {
		send(address(os.Args[2], os.Args[3]), os.Args[4:])
		return
	}
	if len(os.Args) == 5 && os.Args[1] == "receive" {
		if count, err := strconv.Atoi(os.Args[4]); err == nil && count > 0 {
			receive(address(os.Args[2], os.Args[3]), count)
			return
		}
	}
	fail(errors.New("usage: peer send ADDRESS TYPE FILE... | receive ADDRESS TYPE COUNT"))
}
