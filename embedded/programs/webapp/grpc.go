package main

import (
	"io"
	"log"
	"net/http"
	"strings"
)

const (
	healthCheckPath   = "/grpc.health.v1.Health/Check"
	grpcOK            = "0"
	grpcUnimplemented = "12"
)

// healthServing is the message HealthCheckResponse with the status SERVING, in a frame of gRPC: without compression, two
// bytes, the field 1 with the value 1.
var healthServing = []byte{0, 0, 0, 0, 2, 0x08, 1}

// isGRPC reports whether a request is a call of gRPC.
func isGRPC(r *http.Request) bool {
	return r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
}

// answerGRPC answers health checks, such as those of the kubelet. Every other method is unimplemented.
func answerGRPC(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("Content-Type", "application/grpc")
	if r.URL.Path != healthCheckPath {
		w.Header().Set("Grpc-Status", grpcUnimplemented)
		w.Header().Set("Grpc-Message", "stand-in for "+name+": it does not implement "+r.URL.Path)
		return
	}
	_, err := io.Copy(io.Discard, r.Body)
	if err == nil {
		_, err = w.Write(healthServing)
	}
	if err != nil {
		log.Printf("health check: %v", err)
		return
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", grpcOK)
}
