// wide_receiver.go takes connections from a quarterback and echoes to their users, each in a goroutine of its own.
//
//	GO111MODULE=off go build -o /tmp/wide-receiver-go wide_receiver.go
//	/tmp/wide-receiver-go SOCKETPATH
//
// It does what tests/peers/wide_receiver.py does.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"syscall"
)

var greeting = []byte(fmt.Sprintf("Hello from Wide Receiver on PID (%d)!\n", os.Getpid()))

func serveUser(fd int) {
	file := os.NewFile(uintptr(fd), "user")
	user, err := net.FileConn(file) // a duplicate
	file.Close()
	if err != nil {
		log.Print(err)
		return
	}
	defer user.Close()
	if _, err := user.Write(greeting); err == nil {
		io.Copy(user, user)
	}
}

func serveQuarterback(wire *net.UnixConn) {
	defer wire.Close()
	data, control := make([]byte, 4096), make([]byte, syscall.CmsgSpace(253*4))
	for {
		length, size, flags, _, err := wire.ReadMsgUnix(data, control) // with MSG_CMSG_CLOEXEC
		if err != nil || length == 0 {
			return
		}
		if flags&syscall.MSG_CTRUNC != 0 {
			log.Print("a user was lost: the descriptor table is full (ulimit -n)")
		}
		messages, err := syscall.ParseSocketControlMessage(control[:size])
		if err != nil {
			log.Fatal(err)
		}
		for i := range messages {
			fds, err := syscall.ParseUnixRights(&messages[i])
			if err != nil {
				log.Fatal(err)
			}
			for _, fd := range fds {
				go serveUser(fd)
			}
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: wide_receiver SOCKETPATH")
	}
	syscall.Umask(0177)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: os.Args[1], Net: "unix"})
	if err != nil {
		log.Fatal(err)
	}
	for {
		wire, err := listener.AcceptUnix()
		if err != nil {
			log.Fatal(err)
		}
		go serveQuarterback(wire)
	}
}
