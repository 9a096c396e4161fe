package main

import "testing"

func TestParseKubernetesVersion(t *testing.T) {
	for text, expected := range map[string]kubernetesVersion{
		"Kubernetes v1.25.4\n":        {"v1.25.4", 25},
		"Kubernetes v1.34.0-rc.1+k\n": {"v1.34.0-rc.1+k", 34},
	} {
		if seen, err := parseKubernetesVersion(text); err != nil || seen != expected {
			t.Errorf("expected %v, seen %v and %v", expected, seen, err)
		}
	}
	if seen, err := parseKubernetesVersion("Kubernetes v0.0.0-master+$Format:%H$"); err == nil {
		t.Errorf("expected an error for a kubelet that was built without a version, seen %v", seen)
	}
}
