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

// TestWaitForNode uses an API server that knows the node from the second request on, and reports it as Ready once it
// has a range of pod addresses.
func TestWaitForNode(t *testing.T) {
	started := time.Now()
	var requests, assignments atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/api/v1/nodes/node" || requests.Add(1) == 1:
			http.NotFound(w, r)
		case r.Method == http.MethodPatch:
			body, _ := io.ReadAll(r.Body)
			if r.Header.Get("Content-Type") == "application/merge-patch+json" && strings.Contains(string(body), nodePodSubnet) {
				assignments.Add(1)
			}
		case assignments.Load() == 0:
			_, _ = io.WriteString(w, `{"spec": {}}`)
		default:
			_, _ = io.WriteString(w, `{"spec": {"podCIDR": "10.42.0.0/24"}, "status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "`+
				started.Add(time.Second).UTC().Format(time.RFC3339)+`"}]}}`)
		}
	}))
	defer server.Close()
	(&apiClient{server: server.URL, http: server.Client()}).waitForNode("node", nodePodSubnet, started)
	if assignments.Load() != 1 {
		t.Errorf("expected the range to be assigned once, seen %d times", assignments.Load())
	}
}

func TestIsReadySince(t *testing.T) {
	started := time.Date(2026, 11, 24, 8, 0, 0, 500, time.UTC)
	for name, test := range map[string]struct {
		conditionType, status string
		heartbeat             time.Time
		want                  bool
	}{
		"ready":                    {"Ready", "True", started.Add(time.Second), true},
		"ready in the same second": {"Ready", "True", started.Truncate(time.Second), true},
		"ready before the restart": {"Ready", "True", started.Add(-time.Minute), false},
		"not ready":                {"Ready", "False", started.Add(time.Second), false},
		"only another condition":   {"DiskPressure", "True", started.Add(time.Second), false},
	} {
		var n nodeObject
		n.Status.Conditions = append(n.Status.Conditions, struct {
			Type, Status      string
			LastHeartbeatTime time.Time
		}{test.conditionType, test.status, test.heartbeat})
		if got := n.isReadySince(started); got != test.want {
			t.Errorf("%s: expected %v, seen %v", name, test.want, got)
		}
	}
}
