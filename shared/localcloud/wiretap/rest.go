package wiretap

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// route is one operation of a REST protocol.
type route struct{ service, method, path, operation string }

// routes are the operations that have a path of their own, from the services'
// API references (the line "Request Syntax").
var routes = []route{
	{"s3", http.MethodGet, "/v20180820/accesspoint", "ListAccessPoints"},
	{"s3", http.MethodGet, "/v20180820/accesspoint/{Name}", "GetAccessPoint"},
	{"s3", http.MethodPut, "/v20180820/accesspoint/{Name}", "CreateAccessPoint"},
	{"s3", http.MethodDelete, "/v20180820/accesspoint/{Name}", "DeleteAccessPoint"},
	{"s3", http.MethodGet, "/v20180820/accesspoint/{Name}/policy", "GetAccessPointPolicy"},
	{"s3", http.MethodPut, "/v20180820/accesspoint/{Name}/policy", "PutAccessPointPolicy"},
	{"s3", http.MethodDelete, "/v20180820/accesspoint/{Name}/policy", "DeleteAccessPointPolicy"},
	{"s3", http.MethodGet, "/v20180820/configuration/publicAccessBlock", "GetPublicAccessBlock"},
	{"s3", http.MethodPut, "/v20180820/configuration/publicAccessBlock", "PutPublicAccessBlock"},
	{"s3", http.MethodDelete, "/v20180820/configuration/publicAccessBlock", "DeletePublicAccessBlock"},
	{"cloudfront", http.MethodGet, "/2020-05-31/distribution", "ListDistributions"},
	{"securityhub", http.MethodPatch, "/findings/batchupdate", "BatchUpdateFindings"},
	{"securityhub", http.MethodPost, "/findings/import", "BatchImportFindings"},
	{"securityhub", http.MethodPost, "/findings", "GetFindings"},
	{"lambda", http.MethodGet, "/2015-03-31/functions/{FunctionName}", "GetFunction"},
	{"lambda", http.MethodGet, "/2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration"},
	{"lambda", http.MethodPost, "/2015-03-31/functions/{FunctionName}/invocations", "Invoke"},
	{"lambda", http.MethodGet, "/2015-03-31/event-source-mappings", "ListEventSourceMappings"},
	{"lambda", http.MethodPut, "/2015-03-31/event-source-mappings/{UUID}", "UpdateEventSourceMapping"},
}

// controlPrefix begins the paths of S3 Control.
const controlPrefix = "/v20180820/"

// rest tells the operation of a REST request, or names it by method and path.
func (p *passing) rest(r *http.Request) {
	c := &p.call
	for _, known := range routes {
		if known.service != c.Service || known.method != r.Method {
			continue
		}
		if named, ok := match(known.path, r.URL.Path); ok {
			c.Operation, p.input.path = known.operation, named
			c.Control = strings.HasPrefix(known.path, controlPrefix)
			p.input.form = r.URL.Query()
			return
		}
	}
	if c.Service == "s3" && !strings.HasPrefix(r.URL.Path, controlPrefix) {
		bucket, key := place(r)
		p.input.path = map[string]string{"Bucket": bucket, "Key": key}
		c.Operation = s3Operation(r.Method, bucket, key, r.URL.Query(), r.Header)
	}
	if c.Operation == "" {
		c.Operation = r.Method + " " + r.URL.Path
	}
}

// match returns the names in a path template, for example {Name}.
func match(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(want) != len(got) {
		return nil, false
	}
	named := map[string]string{}
	for i, part := range want {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			named[strings.TrimSuffix(name, "}")] = got[i]
		} else if part != got[i] {
			return nil, false
		}
	}
	return named, true
}

// place returns bucket and key of an S3 request. The bucket is the first part of
// the path, or what stands before the endpoint in the host's name.
func place(r *http.Request) (bucket, key string) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	for _, endpoint := range []string{".localhost", ".127.0.0.1"} {
		if bucket, ok := strings.CutSuffix(host, endpoint); ok {
			return bucket, path
		}
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// bucketParts and objectParts name the second half of an operation by what the
// query asks for: GET ?acl of a bucket is GetBucketAcl.
var (
	bucketParts = map[string]string{
		"abac": "BucketAbac", "accelerate": "BucketAccelerateConfiguration", "acl": "BucketAcl", "cors": "BucketCors", "encryption": "BucketEncryption",
		"lifecycle": "BucketLifecycleConfiguration", "location": "BucketLocation", "logging": "BucketLogging", "notification": "BucketNotificationConfiguration",
		"object-lock": "ObjectLockConfiguration", "ownershipControls": "BucketOwnershipControls", "policy": "BucketPolicy", "policyStatus": "BucketPolicyStatus",
		"publicAccessBlock": "PublicAccessBlock", "replication": "BucketReplication", "requestPayment": "BucketRequestPayment", "tagging": "BucketTagging",
		"versioning": "BucketVersioning", "website": "BucketWebsite",
	}
	objectParts = map[string]string{
		"acl": "ObjectAcl", "attributes": "ObjectAttributes", "legal-hold": "ObjectLegalHold", "retention": "ObjectRetention", "tagging": "ObjectTagging",
	}
	verbs = map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}

	// plain are the operations without a word in the query: of the service, a bucket, an object.
	plain = [3]map[string]string{
		{http.MethodGet: "ListBuckets"},
		{http.MethodGet: "ListObjects", http.MethodPut: "CreateBucket", http.MethodDelete: "DeleteBucket", http.MethodHead: "HeadBucket"},
		{http.MethodGet: "GetObject", http.MethodPut: "PutObject", http.MethodDelete: "DeleteObject", http.MethodHead: "HeadObject"},
	}
	// special are method and query word of operations that are named otherwise.
	special = map[string]string{
		"GET list-type": "ListObjectsV2", "GET versions": "ListObjectVersions", "GET uploads": "ListMultipartUploads", "POST delete": "DeleteObjects",
		"POST uploads": "CreateMultipartUpload", "PUT uploadId": "UploadPart", "POST uploadId": "CompleteMultipartUpload",
		"DELETE uploadId": "AbortMultipartUpload", "GET uploadId": "ListParts", "DELETE lifecycle": "DeleteBucketLifecycle",
	}
	// inventories are configurations of which a bucket has several, by id; without one they are listed.
	inventories = regexp.MustCompile(`^(analytics|intelligent-tiering|inventory|metrics)$`)
)

// s3Operation names an operation of S3, or returns nothing if it knows none.
func s3Operation(method, bucket, key string, query url.Values, header http.Header) string {
	words := make([]string, 0, len(query))
	for word := range query {
		words = append(words, word)
	}
	slices.Sort(words)
	parts, level := bucketParts, 1
	if key != "" {
		parts, level = objectParts, 2
	}
	for _, word := range words {
		if name, ok := special[method+" "+word]; ok {
			return name
		}
		if part, ok := parts[word]; ok && verbs[method] != "" {
			return verbs[method] + part
		}
		if inventories.MatchString(word) {
			return "" // no control reads these
		}
	}
	if bucket == "" {
		level = 0
	}
	if level == 2 && method == http.MethodPut && header.Get("X-Amz-Copy-Source") != "" {
		return "CopyObject"
	}
	return plain[level][method]
}
