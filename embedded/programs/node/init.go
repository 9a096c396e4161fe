package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// beInit does what process 1 of a container owes it: it passes signals on and collects the orphans, which are the
// shims of containerd here. The work itself is done by a child, since a process that collects every orphan would take
// the exit statuses os/exec waits for. k3d starts its nodes under docker-init, and then none of this is needed.
func beInit() int {
	child, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		fmt.Printf("process 1 could not start itself again as a child: %v; is /proc mounted?\n", err)
		return 1
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
	go func() {
		for received := range signals {
			_ = child.Signal(received) // a child that is gone is noticed below
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 1
		case pid == child.Pid && status.Signaled():
			return 128 + int(status.Signal())
		case pid == child.Pid && status.Exited():
			return status.ExitStatus()
		}
	}
}
