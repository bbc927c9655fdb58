"""The ledger of jobs in DynamoDB: records, conditional writes, and states."""
