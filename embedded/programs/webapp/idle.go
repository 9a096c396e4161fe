package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// kubeletAgent is the beginning of the User-Agent header of the kubelet's probes.
const kubeletAgent = "kube-probe/"

// newIdleHandler returns a handler that responds to the kubelet's probes with 200, and to every other request with 501,
// so that no client takes the response for that of the component.
func newIdleHandler(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.UserAgent(), kubeletAgent) {
			fmt.Fprintf(w, "stand-in for %s\n", name)
			return
		}
		message := fmt.Sprintf("stand-in for %s: it responds to probes only, and does not implement %s", name, r.URL.Path)
		http.Error(w, message, http.StatusNotImplemented)
	})
}

// serveIdle listens on ports, given as PORT or PORT/https, until the context is done. Without a port it only waits.
func serveIdle(ctx context.Context, name string, ports []string) error {
	listeners := make(map[net.Listener]http.Handler)
	for _, port := range ports {
		number, protocol, _ := strings.Cut(port, "/")
		if _, err := strconv.ParseUint(number, 10, 16); err != nil || (protocol != "" && protocol != "https") {
			return fmt.Errorf("invalid port %q: expected PORT or PORT/https", port)
		}
		listener, err := net.Listen("tcp", ":"+number)
		if err != nil {
			return err
		}
		if protocol == "https" {
			certificate, err := newSelfSignedCertificate(name)
			if err != nil {
				return err
			}
			listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
		}
		listeners[listener] = newIdleHandler(name)
	}
	return serveListeners(ctx, listeners)
}

// newSelfSignedCertificate creates a certificate that no client trusts. It is sufficient, because the probes of a
// kubelet do not verify certificates.
func newSelfSignedCertificate(name string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, err
}
