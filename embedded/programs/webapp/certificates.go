package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// certificateSource finds the certificate of a server in directories where Secrets are mounted.
type certificateSource struct {
	directories []string
	selfSigned  *tls.Certificate
}

func newCertificateSource(name string, directories []string) (*certificateSource, error) {
	selfSigned, err := newSelfSignedCertificate(name)
	return &certificateSource{directories: directories, selfSigned: selfSigned}, err
}

// find returns the certificate in the first directory that contains one. It reads the files for each handshake, because
// a Secret may be filled or renewed at any time. Without a certificate it returns a self-signed one.
func (s *certificateSource) find(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	for _, directory := range s.directories {
		if certificate := loadCertificate(directory); certificate != nil {
			return certificate, nil
		}
	}
	return s.selfSigned, nil
}

// loadCertificate returns the first certificate in a directory to which the directory has the private key, or nil. The
// names of the files differ between components, such as tls.crt and tls.key, or server-cert.pem and server-key.pem.
func loadCertificate(directory string) *tls.Certificate {
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	if err != nil {
		return nil
	}
	var certificates, keys [][]byte
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // a directory, such as those that a mounted Secret consists of
		}
		if bytes.Contains(content, []byte("-----BEGIN CERTIFICATE-----")) {
			certificates = append(certificates, content)
		}
		if bytes.Contains(content, []byte("PRIVATE KEY-----")) {
			keys = append(keys, content)
		}
	}
	for _, certificate := range certificates {
		for _, key := range keys {
			if pair, err := tls.X509KeyPair(certificate, key); err == nil {
				return &pair
			}
		}
	}
	return nil
}

// newSelfSignedCertificate creates a certificate that no client trusts. It is sufficient for probes, because a kubelet
// does not verify certificates.
func newSelfSignedCertificate(name string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"stand-in.invalid"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	template.Subject.CommonName = "stand-in for " + name
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return &tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, err
}
