package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// An API server that knows the node from the second question on, and calls it Ready once it has a range for pods.
func TestWaitForNode(t *testing.T) {
	started := time.Now()
	var questions, ranges atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, question *http.Request) {
		switch {
		case question.URL.Path != "/api/v1/nodes/node" || questions.Add(1) == 1:
			http.NotFound(answer, question)
		case question.Method == http.MethodPatch:
			body, _ := io.ReadAll(question.Body)
			if question.Header.Get("Content-Type") == "application/merge-patch+json" && strings.Contains(string(body), nodePodSubnet) {
				ranges.Add(1)
			}
		case ranges.Load() == 0:
			_, _ = io.WriteString(answer, `{"spec": {}}`)
		default:
			_, _ = io.WriteString(answer, `{"spec": {"podCIDR": "10.42.0.0/24"}, "status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "`+
				started.Add(time.Second).UTC().Format(time.RFC3339)+`"}]}}`)
		}
	}))
	defer server.Close()
	(&apiClient{server.URL, server.Client()}).waitForNode("node", started)
	if ranges.Load() != 1 {
		t.Errorf("expected the range to be assigned once, seen %d times", ranges.Load())
	}
}

func TestReadySince(t *testing.T) {
	started := time.Date(2026, 11, 24, 8, 0, 0, 500, time.UTC)
	for name, test := range map[string]struct {
		conditionType, status string
		heartbeat             time.Time
		want                  bool
	}{
		"ready":                        {"Ready", "True", started.Add(time.Second), true},
		"ready in the same second":     {"Ready", "True", started.Truncate(time.Second), true},
		"ready before the restart":     {"Ready", "True", started.Add(-time.Minute), false},
		"not ready":                    {"Ready", "False", started.Add(time.Second), false},
		"another condition, and alone": {"DiskPressure", "True", started.Add(time.Second), false},
	} {
		var n nodeObject
		n.Status.Conditions = append(n.Status.Conditions, struct {
			Type, Status      string
			LastHeartbeatTime time.Time
		}{test.conditionType, test.status, test.heartbeat})
		if got := n.readySince(started); got != test.want {
			t.Errorf("%s: expected %v, seen %v", name, test.want, got)
		}
	}
}
