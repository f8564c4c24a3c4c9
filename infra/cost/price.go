package cost

// Price is a list price in US dollars for us-east-1, without free tiers.
type Price struct {
	What, Unit string
	Dollars    float64
	Seen       string // when, and where
}

// The prices. They are what public pages said on the date given; AWS changes prices without notice, and other Regions and partitions differ.
var (
	EventDelivery = Price{"EventBridge, event delivered to a bus in another account or Region", "million", 1.00, "March 2026, cloudburn.io"}
	SQSRequest    = Price{"SQS standard, request of at most 64 KB", "million", 0.40, "March 2026, cloudburn.io"}
	LambdaCompute = Price{"Lambda arm64, GB-second", "million", 13.3334, "2026, cloudchipr.com"}
	LambdaRequest = Price{"Lambda request", "million", 0.20, "2026, cloudchipr.com"}
	DynamoWrite   = Price{"DynamoDB on demand, write request unit", "million", 0.625, "2025, airbyte.com"}
	DynamoRead    = Price{"DynamoDB on demand, read request unit", "million", 0.125, "2025, airbyte.com"}
	DynamoStorage = Price{"DynamoDB storage with point-in-time recovery", "GB-month", 0.45, "several public pages, 2024 to 2026"}
	S3Write       = Price{"S3 PUT or LIST", "million", 5.00, "several public pages, 2024 to 2026"}
	S3Read        = Price{"S3 GET", "million", 0.40, "several public pages, 2024 to 2026"}
	S3Storage     = Price{"S3 standard storage", "GB-month", 0.023, "March 2026, cloudburn.io"}
	LogIngestion  = Price{"CloudWatch Logs, ingestion", "GB", 0.50, "June 2026, factualminds.com"}
	LogStorage    = Price{"CloudWatch Logs, storage", "GB-month", 0.03, "several public pages, 2024 to 2026"}
	Metric        = Price{"CloudWatch custom metric", "metric-month", 0.30, "February 2026, signoz.io"}
	Alarm         = Price{"CloudWatch alarm of standard resolution", "alarm-month", 0.10, "several public pages, 2024 to 2026"}
	Dashboard     = Price{"CloudWatch dashboard", "dashboard-month", 3.00, "June 2026, factualminds.com"}
	Secret        = Price{"Secrets Manager, secret", "secret-month", 0.40, "several public pages, 2024 to 2026"}
	Key           = Price{"KMS, customer managed key", "key-month", 1.00, "several public pages, 2024 to 2026"}
)

// Prices are all of them, in the order of the document.
func Prices() []Price {
	return []Price{EventDelivery, SQSRequest, LambdaCompute, LambdaRequest, DynamoWrite, DynamoRead, DynamoStorage, S3Write, S3Read, S3Storage,
		LogIngestion, LogStorage, Metric, Alarm, Dashboard, Secret, Key}
}
