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

// stopWithin is how long ending all programs may take: `docker stop` kills a container after ten seconds.
const stopWithin = 5 * time.Second

// supervisor starts programs, notices when one dies, and ends them.
type supervisor struct {
	logs     string     // directory of the programs' output, one file each
	died     chan error // the first program that ended by itself
	mutex    sync.Mutex
	stopping bool
	children map[string]*child
}

type child struct {
	process *os.Process
	ended   chan struct{}
}

func newSupervisor(logs string) *supervisor {
	return &supervisor{logs: logs, died: make(chan error, 1), children: map[string]*child{}}
}

func (s *supervisor) start(name string, argv []string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.stopping {
		return nil
	}
	path := filepath.Join(s.logs, name+".log")
	output, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("no log for %s: %w", name, err)
	}
	defer output.Close()
	command := exec.Command(argv[0], argv[1:]...)
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C at a terminal must not end them all at once
	if err := command.Start(); err != nil {
		return fmt.Errorf("%s could not be started: %w; is it in the image?", name, err)
	}
	started := &child{process: command.Process, ended: make(chan struct{})}
	s.children[name] = started
	go func() {
		err := command.Wait()
		close(started.ended)
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.stopping {
			return
		}
		select {
		case s.died <- fmt.Errorf("%s ended by itself (%s); the last lines of %s:\n%s", name, status(err), path, tail(path, 20)):
		default: // another died before it, and is the one to report
		}
	}()
	return nil
}

// stop ends the programs one after the other, those first which were started last. A program that does not end in
// its share of the time is killed; the API server, which would wait a minute for its clients, always is.
func (s *supervisor) stop() {
	s.mutex.Lock()
	s.stopping = true
	s.mutex.Unlock()
	order := services(node{})
	share := stopWithin / time.Duration(len(order))
	for i := len(order) - 1; i >= 0; i-- {
		name := order[i].name
		child, running := s.children[name]
		if !running {
			continue
		}
		_ = child.process.Signal(syscall.SIGTERM) // fails when it has ended already
		select {
		case <-child.ended:
		case <-time.After(share):
			_ = child.process.Kill()
		}
	}
}

func status(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// tail gives the last lines of a file, each cut to what fits a terminal: k3d stops reading a log at a line of 64 KiB
// (pkg/client/node.go, NodeWaitForLogMessage uses a bufio.Scanner).
func tail(path string, count int) string {
	const longest = 1000
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Sprintf("(not readable: %v)", err)
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	for i, line := range lines {
		if len(line) > longest {
			lines[i] = line[:longest] + "…"
		}
	}
	return strings.Join(lines, "\n")
}
