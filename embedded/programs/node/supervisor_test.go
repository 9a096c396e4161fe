package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestUnexpectedExitIsReported(t *testing.T) {
	s := newSupervisor(t.TempDir())
	if err := s.start("etcd", []string{"sh", "-c", "seq 1 30; echo last line >&2; exit 3"}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.failed:
		text := err.Error()
		if !strings.Contains(text, "etcd exited unexpectedly (exit status 3)") || !strings.HasSuffix(text, "30\nlast line") {
			t.Errorf("expected the name, the exit status and the last lines, seen %q", text)
		}
		if lines := strings.Count(text, "\n"); lines != 20 {
			t.Errorf("expected the last 20 lines, seen %d", lines)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the exit of a program was not reported")
	}
}

func TestStartOfMissingProgram(t *testing.T) {
	err := newSupervisor(t.TempDir()).start("etcd", []string{"no-such-program"})
	if err == nil || !strings.Contains(err.Error(), "etcd could not be started") {
		t.Errorf("expected an error with the name of the program, seen %v", err)
	}
}

func TestStop(t *testing.T) {
	s := newSupervisor(t.TempDir())
	order := filepath.Join(t.TempDir(), "order")
	const loop = "; while :; do sleep 0.02; done"
	for name, onTerm := range map[string]string{
		"etcd":           `echo etcd >> "$0"; exit`,
		"kube-apiserver": ``, // ignores SIGTERM
		"kubelet":        `echo kubelet >> "$0"; exit`,
	} {
		ready := filepath.Join(s.logs, name+".log")
		if err := s.start(name, []string{"sh", "-c", "trap '" + onTerm + "' TERM; echo ready" + loop, order}); err != nil {
			t.Fatal(err)
		}
		for content, _ := os.ReadFile(ready); len(content) == 0; content, _ = os.ReadFile(ready) {
			time.Sleep(5 * time.Millisecond)
		}
	}
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > stopTimeout {
		t.Errorf("expected to stop within %v, seen %v", stopTimeout, took)
	}
	if content, _ := os.ReadFile(order); string(content) != "kubelet\netcd\n" {
		t.Errorf("expected the kubelet to stop before etcd, seen %q", content)
	}
	<-s.children["kube-apiserver"].exited
	select {
	case err := <-s.failed:
		t.Errorf("expected no report of a program that was stopped, seen %v", err)
	default:
	}
	if err := s.start("kube-proxy", []string{"no-such-program"}); err != nil {
		t.Errorf("expected no start after the stop, seen %v", err)
	}
}
