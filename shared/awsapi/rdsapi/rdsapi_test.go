package rdsapi_test

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
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
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
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func (c *cloud) session(region string) awsapi.Session {
	cfg := aws.Config{HTTPClient: c, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
	})}
	return awsapi.NewSession(cfg, "111122223333", region)
}

const instanceID, clusterID = "db-ABCDEFGHIJKLMNOPQRSTUVWXY2", "cluster-ABCDEFGHIJKLMNOPQRSTUVWXY2"

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id, want string
		of             awsapi.ResourceType
		requests       int
	}{
		{"an identifier", "orders", "orders", rdsapi.Instance, 0},
		{"RDS keeps identifiers in small letters", "Orders", "orders", rdsapi.Instance, 0},
		{"an identifier that begins like a resource id", "db-orders", "db-orders", rdsapi.Instance, 0},
		{"as long as a resource id, but in small letters", "db-abcdefghijklmnopqrstuvwxy2", "db-abcdefghijklmnopqrstuvwxy2", rdsapi.Instance, 0},
		{"an instance's resource id", instanceID, "orders", rdsapi.Instance, 1},
		{"an instance's ARN", "arn:aws:rds:eu-west-1:111122223333:db:orders", "orders", rdsapi.Instance, 0},
		{"a cluster's resource id", clusterID, "ledger", rdsapi.Cluster, 1},
		{"a cluster's ARN with its resource id", "arn:aws-cn:rds:cn-north-1:111122223333:cluster:" + clusterID, "ledger", rdsapi.Cluster, 1},
		{"a snapshot's ARN", "arn:aws:rds:eu-west-1:111122223333:snapshot:Orders-Sunday", "orders-sunday", rdsapi.Snapshot, 0},
		{"an automated snapshot's ARN", "arn:aws:rds:eu-west-1:111122223333:snapshot:rds:orders-2026-01-02", "rds:orders-2026-01-02", rdsapi.Snapshot, 0},
		{"a cluster snapshot's ARN", "arn:aws-us-gov:rds:us-gov-west-1:111122223333:cluster-snapshot:ledger-1", "ledger-1", rdsapi.ClusterSnapshot, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cloud := &cloud{answer: byResourceID}
			got, err := c.of.Resolve(t.Context(), cloud.session("eu-west-1"), c.id)
			if err != nil || got != c.want {
				t.Errorf("%q becomes %q, %v; want %q", c.id, got, err, c.want)
			}
			if len(cloud.seen) != c.requests {
				t.Errorf("%d requests, want %d: %q", len(cloud.seen), c.requests, cloud.seen)
			}
		})
	}
}

// byResourceID answers as RDS does, when the right filter asks for the right value.
func byResourceID(request string) (int, string) {
	switch {
	case strings.Contains(request, "Filters.Filter.1.Name=dbi-resource-id") && strings.Contains(request, "Filters.Filter.1.Values.Value.1="+instanceID):
		return 200, `<R><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier></DBInstance></DBInstances></DescribeDBInstancesResult></R>`
	case strings.Contains(request, "Filters.Filter.1.Name=db-cluster-resource-id") && strings.Contains(request, "Filters.Filter.1.Values.Value.1="+clusterID):
		return 200, `<R><DescribeDBClustersResult><DBClusters><DBCluster><DBClusterIdentifier>ledger</DBClusterIdentifier></DBCluster></DBClusters></DescribeDBClustersResult></R>`
	}
	return 400, `<ErrorResponse><Error><Code>InvalidParameterValue</Code><Message>unexpected</Message></Error></ErrorResponse>`
}

func TestResolveWhatIsNotThere(t *testing.T) {
	t.Parallel()
	empty := &cloud{answer: func(string) (int, string) {
		return 200, `<R><DescribeDBInstancesResult/><DescribeDBClustersResult/></R>`
	}}
	for id, of := range map[string]awsapi.ResourceType{instanceID: rdsapi.Instance, clusterID: rdsapi.Cluster} {
		if _, err := of.Resolve(t.Context(), empty.session("eu-west-1"), id); !errors.Is(err, awsapi.ErrGone) {
			t.Errorf("%s: %v, want gone", id, err)
		}
	}
	for _, id := range []string{"arn:aws:rds:eu-west-1:111122223333:cluster:ledger", "arn:aws:s3:::orders", "arn:rds"} {
		if got, err := rdsapi.Instance.Resolve(t.Context(), empty.session("eu-west-1"), id); err == nil || errors.Is(err, awsapi.ErrGone) {
			t.Errorf("%s becomes %q, %v; want an error that is not gone", id, got, err)
		}
	}
}

func TestListWalksAllPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, operation, list, element, id string
		of                                 awsapi.ResourceType
		manualOnly                         bool
	}{
		{"instances", "DescribeDBInstances", "DBInstances", "DBInstance", "DBInstanceIdentifier", rdsapi.Instance, false},
		{"clusters", "DescribeDBClusters", "DBClusters", "DBCluster", "DBClusterIdentifier", rdsapi.Cluster, false},
		{"snapshots", "DescribeDBSnapshots", "DBSnapshots", "DBSnapshot", "DBSnapshotIdentifier", rdsapi.Snapshot, true},
		{"cluster snapshots", "DescribeDBClusterSnapshots", "DBClusterSnapshots", "DBClusterSnapshot", "DBClusterSnapshotIdentifier", rdsapi.ClusterSnapshot, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			page := func(id, marker string) string {
				return "<R><" + c.operation + "Result><" + c.list + "><" + c.element + "><" + c.id + ">" + id + "</" + c.id + "></" + c.element + "></" + c.list + "><Marker>" + marker + "</Marker></" + c.operation + "Result></R>"
			}
			cloud := &cloud{answer: func(request string) (int, string) {
				if strings.Contains(request, "Marker=more") {
					return 200, page("b", "")
				}
				return 200, page("a", "more")
			}}
			got, err := c.of.List(t.Context(), cloud.session("eu-west-1"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
				t.Errorf("(- want, + got)\n%s", diff)
			}
			for _, request := range cloud.seen {
				if !strings.Contains(request, "Action="+c.operation+"&") || strings.Contains(request, "SnapshotType=manual") != c.manualOnly {
					t.Errorf("request %q", request)
				}
			}
		})
	}
}

func TestARN(t *testing.T) {
	t.Parallel()
	for want, of := range map[string]awsapi.ResourceType{
		"arn:aws-cn:rds:cn-north-1:111122223333:db:x":               rdsapi.Instance,
		"arn:aws-cn:rds:cn-north-1:111122223333:cluster:x":          rdsapi.Cluster,
		"arn:aws-cn:rds:cn-north-1:111122223333:snapshot:x":         rdsapi.Snapshot,
		"arn:aws-cn:rds:cn-north-1:111122223333:cluster-snapshot:x": rdsapi.ClusterSnapshot,
	} {
		got := of.ARN(awsapi.Resource{Type: of.Name, ID: "x", Account: "111122223333", Region: "cn-north-1", Partition: "aws-cn"})
		if got != want {
			t.Errorf("%s: %s, want %s", of.Name, got, want)
		}
	}
}

func TestSharesAreSortedAndOnlyOfTheRestoreAttribute(t *testing.T) {
	t.Parallel()
	cloud := &cloud{answer: func(string) (int, string) {
		return 200, `<R><DescribeDBSnapshotAttributesResult><DBSnapshotAttributesResult><DBSnapshotAttributes>
			<DBSnapshotAttribute><AttributeName>other</AttributeName><AttributeValues><AttributeValue>all</AttributeValue></AttributeValues></DBSnapshotAttribute>
			<DBSnapshotAttribute><AttributeName>restore</AttributeName><AttributeValues><AttributeValue>222233334444</AttributeValue><AttributeValue>111122223333</AttributeValue></AttributeValues></DBSnapshotAttribute>
		</DBSnapshotAttributes></DBSnapshotAttributesResult></DescribeDBSnapshotAttributesResult></R>`
	}}
	got, err := rdsapi.ReadSnapshotShares(t.Context(), cloud.session("eu-west-1"), "orders-sunday")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"111122223333", "222233334444"}, got); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
}
