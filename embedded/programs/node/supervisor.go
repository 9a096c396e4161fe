package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is the maximum duration of stopping all programs: `docker stop` kills a container after ten seconds.
const stopTimeout = 5 * time.Second

// supervisor starts programs, reports the first one that exits unexpectedly, and stops them.
type supervisor struct {
	logs     string     // directory of the programs' output, one file for each program
	failed   chan error // receives the first program that exits unexpectedly
	mutex    sync.Mutex
	stopping bool
	children map[string]*child
}

type child struct {
	process *os.Process
	exited  chan struct{}
}

func newSupervisor(logs string) *supervisor {
	return &supervisor{logs: logs, failed: make(chan error, 1), children: map[string]*child{}}
}

// start starts a program and appends its output to a log file. After stop it does nothing.
func (s *supervisor) start(name string, argv []string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.stopping {
		return nil
	}
	path := filepath.Join(s.logs, name+".log")
	output, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("the log file of %s could not be opened: %w", name, err)
	}
	defer output.Close()
	command := exec.Command(argv[0], argv[1:]...)
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C in a terminal must not stop all programs at the same time
	if err := command.Start(); err != nil {
		return fmt.Errorf("%s could not be started: %w; check that the image contains it", name, err)
	}
	started := &child{process: command.Process, exited: make(chan struct{})}
	s.children[name] = started
	go func() {
		err := command.Wait()
		close(started.exited)
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.stopping {
			return
		}
		select {
		case s.failed <- fmt.Errorf("%s exited unexpectedly (%s); the last lines of %s:\n%s", name, status(err), path, tail(path, 20)):
		default: // another program exited first, and only the first one is reported
		}
	}()
	return nil
}

// stop stops the programs one after the other, in the reverse order of their dependencies. A program that does not exit
// within its share of the time is killed. This is always the case for the API server, which would wait a minute for its
// clients.
func (s *supervisor) stop() {
	s.mutex.Lock()
	s.stopping = true
	s.mutex.Unlock()
	order := services(node{})
	share := stopTimeout / time.Duration(len(order))
	for i := len(order) - 1; i >= 0; i-- {
		name := order[i].name
		child, running := s.children[name]
		if !running {
			continue
		}
		_ = child.process.Signal(syscall.SIGTERM) // fails if the program has exited
		select {
		case <-child.exited:
		case <-time.After(share):
			_ = child.process.Kill()
		}
	}
}

// status returns the exit status in the result of exec.Cmd.Wait.
func status(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// tail returns the last lines of a file, with long lines shortened: k3d stops reading a log at a line of 64 KiB
// (pkg/client/node.go, NodeWaitForLogMessage uses a bufio.Scanner).
func tail(path string, count int) string {
	const maxLength = 1000
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Sprintf("(not readable: %v)", err)
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	for i, line := range lines {
		if len(line) > maxLength {
			lines[i] = line[:maxLength] + "…"
		}
	}
	return strings.Join(lines, "\n")
}
