// loop.go sends descriptors to itself over a socket pair, receives and closes them, and says how long it took.
//
//	GO111MODULE=off go build -o /tmp/loop-go loop.go
//	echo pass 1 100000 | /tmp/loop-go
//
// The protocol is in README.md.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

const maxFds = 253 // the kernel's limit for one message

func connection(fd int) *net.UnixConn {
	file := os.NewFile(uintptr(fd), "pair")
	defer file.Close()
	end, err := net.FileConn(file)
	if err != nil {
		log.Fatal(err)
	}
	return end.(*net.UnixConn)
}

func main() {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	left, right := connection(pair[0]), connection(pair[1])
	device, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		log.Fatal(err)
	}
	fds := make([]int, maxFds)
	for i := range fds {
		fds[i] = int(device.Fd())
	}

	data, control := make([]byte, 1), make([]byte, syscall.CmsgSpace(maxFds*4))
	pass := func(count int) {
		data[0] = byte(count)
		if _, _, err := left.WriteMsgUnix(data, syscall.UnixRights(fds[:count]...), nil); err != nil {
			log.Fatal(err)
		}
		_, length, flags, _, err := right.ReadMsgUnix(data, control) // with MSG_CMSG_CLOEXEC
		if err != nil {
			log.Fatal(err)
		}
		if flags&syscall.MSG_CTRUNC != 0 {
			log.Fatal("descriptors were lost")
		}
		messages, err := syscall.ParseSocketControlMessage(control[:length])
		if err != nil {
			log.Fatal(err)
		}
		got := 0
		for i := range messages {
			numbers, err := syscall.ParseUnixRights(&messages[i])
			if err != nil {
				log.Fatal(err)
			}
			for _, number := range numbers {
				syscall.Close(number)
			}
			got += len(numbers)
		}
		if got != count {
			log.Fatalf("%d of %d descriptors came", got, count)
		}
	}

	defer runtime.KeepAlive(device) // or the collector closes it: the numbers are no reference to it
	input := bufio.NewReader(os.Stdin)
	for {
		var work string
		var count, times int
		if _, err := fmt.Fscan(input, &work, &count, &times); err != nil {
			return
		}
		start := time.Now()
		for i := 0; i < times; i++ {
			pass(count)
		}
		fmt.Println(time.Since(start).Nanoseconds())
	}
}
