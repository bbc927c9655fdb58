"""Jobs and chunks in DynamoDB: records, conditional writes, and status."""
