package emulator_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

// TestOneConnectionCarriesAllKindsOfRequests: each answer ends where the next begins, whatever the request sent and the emulator read of it.
func TestOneConnectionCarriesAllKindsOfRequests(t *testing.T) {
	t.Parallel()
	s := emulatortest.ForTest(t)
	creds, err := s.Config(emulatortest.Account(t), region).Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	const ec2 = "Content-Type: application/x-www-form-urlencoded\r\n"
	const location = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"
	for _, c := range []struct {
		what, method, path, header, body string
		status                           int
		want                             string
	}{
		{"a bucket", "PUT", "/kept-connection", "", location, 200, ""},
		{"an object", "PUT", "/kept-connection/k", "", "content", 200, ""},
		{"an object that waits to be asked for", "PUT", "/kept-connection/w", "Expect: 100-continue\r\n", "waited", 200, ""},
		{"an object of unknown length", "PUT", "/kept-connection/c", "Transfer-Encoding: chunked\r\n", "6\r\nin two\r\n6\r\n parts\r\n0\r\n\r\n", 200, ""},
		{"a header alone", "HEAD", "/kept-connection/k", "", "", 200, ""},
		{"a header alone of nothing", "HEAD", "/kept-connection/none", "", "", 404, ""},
		{"content", "GET", "/kept-connection/k", "", "", 200, "content"},
		{"content that was waited for", "GET", "/kept-connection/w", "", "", 200, "waited"},
		{"content of unknown length", "GET", "/kept-connection/c", "", "", 200, "in two parts"},
		{"a body that nobody reads", "GET", "/kept-connection/k", "", "unread", 200, "content"},
		{"an error", "GET", "/kept-connection?policy", "", "", 404, "NoSuchBucketPolicy"},
		{"no content", "DELETE", "/kept-connection/k", "", "", 204, ""},
		{"a failure", "POST", "/", ec2, "Action=NoSuchOperation&Version=2016-11-15", 500, "the AWS emulator failed"},
		{"content after all this", "GET", "/kept-connection?location", "", "", 200, "eu-west-1"},
	} {
		length := ""
		if !strings.Contains(c.header, "chunked") {
			length = fmt.Sprintf("Content-Length: %d\r\n", len(c.body))
		}
		service := "s3"
		if c.header == ec2 {
			service = "ec2"
		}
		_, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request, SignedHeaders=host, Signature=0\r\n%s%s\r\n%s",
			c.method, c.path, creds.AccessKeyID, region, service, c.header, length, c.body)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		req := &http.Request{Method: c.method}
		resp, err := http.ReadResponse(answers, req)
		for err == nil && resp.StatusCode == http.StatusContinue {
			resp, err = http.ReadResponse(answers, req)
		}
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if resp.StatusCode != c.status || !strings.Contains(string(body), c.want) || resp.Close {
			t.Errorf("%s: answered %s (closing %v) %s, want %d with %q", c.what, resp.Status, resp.Close, body, c.status, c.want)
		}
	}
}
