package main

import (
	"strings"
	"testing"
)

func TestKubeletStartsOnCgroupV1(t *testing.T) {
	for minor, expected := range map[int]bool{25: false, 34: false, 35: true} {
		text, err := kubeletConfig(kubernetesVersion{minor: minor})
		if err != nil || strings.Contains(text, "failCgroupV1: false") != expected {
			t.Errorf("1.%d: expected failCgroupV1: %v, seen %v and\n%s", minor, expected, err, text)
		}
	}
}
