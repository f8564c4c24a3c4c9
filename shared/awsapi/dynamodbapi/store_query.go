package dynamodbapi

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Query is a question for the items of one partition.
type Query struct {
	Table      string
	PK         string
	From, To   string // sort keys, both inclusive; To may be empty: no end
	Descending bool
	Limit      int32 // items on a page; 0: as many as fit in 1 MB
	After      Values
}

// Page is one answer to a [Query]. Next is the After of the following page's query, nil on the last.
type Page struct {
	Items []Values
	Next  Values
}

// Query returns one page.
func (s *Store) Query(ctx context.Context, q Query) (Page, error) {
	in, err := q.input()
	if err != nil {
		return Page{}, fmt.Errorf("querying %s of table %s: %w", q.PK, q.Table, err)
	}
	c, err := s.begin("Query")
	if err != nil {
		return Page{}, err
	}
	out, err := c.Query(ctx, in, s.options)
	if err != nil {
		return Page{}, fmt.Errorf("querying %s of table %s: %w", q.PK, q.Table, err)
	}
	var p Page
	for _, raw := range out.Items {
		v, err := decode(raw)
		if err != nil {
			return Page{}, fmt.Errorf("querying %s of table %s: %w", q.PK, q.Table, err)
		}
		p.Items = append(p.Items, v)
	}
	if len(out.LastEvaluatedKey) > 0 {
		if p.Next, err = decode(out.LastEvaluatedKey); err != nil {
			return Page{}, fmt.Errorf("querying %s of table %s: %w", q.PK, q.Table, err)
		}
	}
	return p, nil
}

// All walks all items that a query finds, page by page. It ends at the first error.
func (s *Store) All(ctx context.Context, q Query) iter.Seq2[Values, error] {
	return func(yield func(Values, error) bool) {
		for {
			p, err := s.Query(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, v := range p.Items {
				if !yield(v, nil) {
					return
				}
			}
			if p.Next == nil {
				return
			}
			q.After = p.Next
		}
	}
}

func (q Query) input() (*dynamodb.QueryInput, error) {
	v := Values{":pk": q.PK, ":from": q.From}
	cond := "pk = :pk AND sk >= :from"
	switch {
	case q.To != "":
		cond, v[":to"] = "pk = :pk AND sk BETWEEN :from AND :to", q.To
	case q.From == "":
		cond = "pk = :pk"
		delete(v, ":from")
	}
	values, err := v.encode()
	if err != nil {
		return nil, err
	}
	in := &dynamodb.QueryInput{TableName: &q.Table, KeyConditionExpression: &cond, ExpressionAttributeValues: values,
		ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(!q.Descending)}
	if q.Limit > 0 {
		in.Limit = &q.Limit
	}
	if q.After != nil {
		if in.ExclusiveStartKey, err = q.After.encode(); err != nil {
			return nil, err
		}
	}
	return in, nil
}
