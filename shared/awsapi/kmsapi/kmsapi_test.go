package kmsapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/kmsapi"
)

// cloud is an HTTP client that answers each request by what is in it, and keeps the requests.
type cloud struct {
	answer func(request string) (status int, body string)
	seen   []string
}

func (c *cloud) Do(req *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	text := req.Header.Get("X-Amz-Target") + " " + string(raw)
	c.seen = append(c.seen, text)
	status, body := c.answer(text)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func (c *cloud) session(region string) awsapi.Session {
	cfg := aws.Config{HTTPClient: c, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
	})}
	return awsapi.NewSession(cfg, "111122223333", region)
}

const keyID = "1234abcd-12ab-34cd-56ef-1234567890ab"

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id, want string
		requests       int
	}{
		{"a key id", keyID, keyID, 0},
		{"a multi-Region key id", "mrk-1234abcd12ab34cd56ef1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab", 0},
		{"a key's ARN", "arn:aws:kms:eu-west-1:111122223333:key/" + keyID, keyID, 0},
		{"an alias", "alias/orders", keyID, 1},
		{"an alias's ARN", "arn:aws:kms:eu-west-1:111122223333:alias/orders", keyID, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cloud := &cloud{answer: func(request string) (int, string) {
				if !strings.Contains(request, "alias/orders") {
					return 400, `{"__type":"NotFoundException"}`
				}
				return 200, `{"KeyMetadata":{"KeyId":"` + keyID + `"}}`
			}}
			got, err := kmsapi.Key.Resolve(t.Context(), cloud.session("eu-west-1"), c.id)
			if err != nil || got != c.want {
				t.Errorf("%q becomes %q, %v; want %q", c.id, got, err, c.want)
			}
			if len(cloud.seen) != c.requests {
				t.Errorf("%d requests, want %d: %q", len(cloud.seen), c.requests, cloud.seen)
			}
		})
	}
}

func TestResolveWhatIsNone(t *testing.T) {
	t.Parallel()
	absent := &cloud{answer: func(string) (int, string) {
		return 400, `{"__type":"NotFoundException","message":"Alias is not found."}`
	}}
	if _, err := kmsapi.Key.Resolve(t.Context(), absent.session("eu-west-1"), "alias/none"); !errors.Is(err, awsapi.ErrGone) {
		t.Errorf("an alias that is not there: %v, want gone", err)
	}
	for _, id := range []string{"arn:aws:kms:eu-west-1:111122223333:grant/x", "arn:aws:s3:::b", "arn:kms"} {
		if got, err := kmsapi.Key.Resolve(t.Context(), absent.session("eu-west-1"), id); err == nil || errors.Is(err, awsapi.ErrGone) {
			t.Errorf("%s becomes %q, %v; want an error that is not gone", id, got, err)
		}
	}
}

func TestListWalksAllPages(t *testing.T) {
	t.Parallel()
	cloud := &cloud{answer: func(request string) (int, string) {
		if strings.Contains(request, `"Marker":"more"`) {
			return 200, `{"Keys":[{"KeyId":"b"}],"Truncated":false}`
		}
		return 200, `{"Keys":[{"KeyId":"a"}],"Truncated":true,"NextMarker":"more"}`
	}}
	got, err := kmsapi.Key.List(t.Context(), cloud.session("eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
}

func TestReadTagsWalksAllPages(t *testing.T) {
	t.Parallel()
	cloud := &cloud{answer: func(request string) (int, string) {
		if strings.Contains(request, `"Marker":"more"`) {
			return 200, `{"Tags":[{"TagKey":"owner","TagValue":"shop"}],"Truncated":false}`
		}
		return 200, `{"Tags":[{"TagKey":"stage","TagValue":"test"}],"Truncated":true,"NextMarker":"more"}`
	}}
	got, err := kmsapi.ReadTags(t.Context(), cloud.session("eu-west-1"), keyID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"owner": "shop", "stage": "test"}, got); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
}

func TestReadKey(t *testing.T) {
	t.Parallel()
	primary := `"MultiRegion":true,"MultiRegionConfiguration":{"MultiRegionKeyType":"PRIMARY","PrimaryKey":{"Region":"eu-west-1"},"ReplicaKeys":[{"Region":"us-east-1"},{"Region":"eu-central-1"}]}`
	replica := strings.Replace(primary, `"PRIMARY"`, `"REPLICA"`, 1)
	for name, c := range map[string]struct {
		more string
		want kmsapi.Facts
	}{
		"primary": {primary, kmsapi.Facts{Manager: "CUSTOMER", State: "Enabled", Spec: "SYMMETRIC_DEFAULT", Origin: "AWS_KMS", Replicas: []string{"eu-central-1", "us-east-1"}, Description: "orders"}},
		"replica": {replica, kmsapi.Facts{Manager: "CUSTOMER", State: "Enabled", Spec: "SYMMETRIC_DEFAULT", Origin: "AWS_KMS", Replica: true, Replicas: []string{"eu-central-1", "us-east-1"}, Description: "orders"}},
	} {
		cloud := &cloud{answer: func(string) (int, string) {
			return 200, `{"KeyMetadata":{"KeyId":"mrk-1","KeyManager":"CUSTOMER","KeyState":"Enabled","KeySpec":"SYMMETRIC_DEFAULT","Origin":"AWS_KMS","Description":"orders",` + c.more + `}}`
		}}
		got, err := kmsapi.ReadKey(t.Context(), cloud.session("eu-west-1"), "mrk-1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (- want, + got)\n%s", name, diff)
		}
	}
}

// FuzzResolve: a key id that comes out is never an ARN or an alias, and stays as it is.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{keyID, "alias/x", "arn:aws:kms:eu-west-1:111122223333:key/" + keyID, "arn:aws:kms:eu-west-1:111122223333:alias/x", "arn:"} {
		f.Add(s)
	}
	cloud := &cloud{answer: func(string) (int, string) { return 200, `{"KeyMetadata":{"KeyId":"` + keyID + `"}}` }}
	session := cloud.session("eu-west-1")
	f.Fuzz(func(t *testing.T, id string) {
		got, err := kmsapi.Key.Resolve(t.Context(), session, id)
		if err != nil {
			return
		}
		if strings.HasPrefix(got, "arn:") || strings.HasPrefix(got, "alias/") {
			t.Errorf("%q becomes %q", id, got)
		}
	})
}
