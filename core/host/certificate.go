package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// certificate makes the host's certificate for one plugin: as PEM, for the plugin
// to require, and as what TLS shows. go-plugin's AutoMTLS would make one on the
// curve P-521, which gRPC's C core (Python, Ruby, C++, …) does not take; P-256 is
// taken everywhere, and made and checked in a tenth of the time.
func certificate() (forPlugin []byte, config *tls.Config, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	form := &x509.Certificate{
		Subject:               pkix.Name{CommonName: serverName, Organization: []string{"lab"}},
		DNSNames:              []string{serverName},
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true, // it vouches for itself
		SerialNumber:          serial,
		NotBefore:             time.Now().Add(-time.Hour), // clocks of containers may differ a little
		NotAfter:              time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	// go-plugin adds the plugin's certificate, from its handshake, as the only one
	// to trust; without one the connection fails.
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS12,
		ServerName:   serverName,
	}, nil
}

const serverName = "localhost"
