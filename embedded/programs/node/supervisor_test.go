package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDeathIsReported(t *testing.T) {
	s := newSupervisor(t.TempDir())
	if err := s.start("etcd", []string{"sh", "-c", "seq 1 30; echo last words >&2; exit 3"}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.died:
		text := err.Error()
		if !strings.Contains(text, "etcd ended by itself (exit status 3)") || !strings.HasSuffix(text, "30\nlast words") {
			t.Errorf("expected name, status and last lines, seen %q", text)
		}
		if lines := strings.Count(text, "\n"); lines != 20 {
			t.Errorf("expected the last 20 lines, seen %d", lines)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the death of a program was not noticed")
	}
}

func TestStartOfWhatIsNotThere(t *testing.T) {
	err := newSupervisor(t.TempDir()).start("etcd", []string{"no-such-program"})
	if err == nil || !strings.Contains(err.Error(), "etcd could not be started") {
		t.Errorf("expected an error that names the program, seen %v", err)
	}
}

func TestStop(t *testing.T) {
	s := newSupervisor(t.TempDir())
	order := filepath.Join(t.TempDir(), "order")
	const untilKilled = "; while :; do sleep 0.02; done"
	for name, onTerm := range map[string]string{
		"etcd":           `echo etcd >> "$0"; exit`,
		"kube-apiserver": ``, // ignores the signal
		"kubelet":        `echo kubelet >> "$0"; exit`,
	} {
		ready := filepath.Join(s.logs, name+".log")
		if err := s.start(name, []string{"sh", "-c", "trap '" + onTerm + "' TERM; echo ready" + untilKilled, order}); err != nil {
			t.Fatal(err)
		}
		for content, _ := os.ReadFile(ready); len(content) == 0; content, _ = os.ReadFile(ready) {
			time.Sleep(5 * time.Millisecond)
		}
	}
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > stopWithin {
		t.Errorf("expected to stop within %v, seen %v", stopWithin, took)
	}
	if content, _ := os.ReadFile(order); string(content) != "kubelet\netcd\n" {
		t.Errorf("expected etcd to outlive the kubelet, seen %q", content)
	}
	<-s.children["kube-apiserver"].ended
	select {
	case err := <-s.died:
		t.Errorf("expected no report of a death that was ordered, seen %v", err)
	default:
	}
	if err := s.start("late", []string{"no-such-program"}); err != nil {
		t.Errorf("expected nothing to start after the stop, seen %v", err)
	}
}
