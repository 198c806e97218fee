package template

// Table is a DynamoDB table with on-demand capacity.
type Table struct {
	LogicalID, Name, ARN string
	PartitionKey         string // names of attributes of type S
	SortKey              string // "" if it has none
	ExpiresAttribute     string // of TTL; "" if it has none
}

// table reads string keys alone, without indexes.
func (b *builder) table(res resource, p properties) Table {
	t := Table{LogicalID: res.logicalID, Name: res.logicalID, ARN: b.attribute(res, "Arn")}
	for _, item := range p.list("AttributeDefinitions") {
		if kind := b.properties(item).text("AttributeType"); kind != "S" {
			b.fail(item, "table %s has a key of type %s, want S", res.logicalID, kind)
		}
	}
	for _, item := range p.list("KeySchema") {
		key := b.properties(item)
		switch kind := key.text("KeyType"); kind {
		case "HASH":
			t.PartitionKey = key.text("AttributeName")
		case "RANGE":
			t.SortKey = key.text("AttributeName")
		default:
			b.fail(item, "table %s has a KeyType %q, want HASH or RANGE", res.logicalID, kind)
		}
	}
	if t.PartitionKey == "" {
		b.fail(res.at, "table %s has no key of KeyType HASH", res.logicalID)
	}
	for _, name := range []string{"GlobalSecondaryIndexes", "LocalSecondaryIndexes"} {
		if index := p.node.member(name); index != nil {
			b.fail(index, "a table's %s do not run locally", name)
		}
	}
	if expiry := p.object("TimeToLiveSpecification"); expiry.boolean("Enabled", false) {
		t.ExpiresAttribute = expiry.text("AttributeName")
	}
	return t
}
