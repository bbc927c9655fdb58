"""What the Lambda functions in functions/ do: each file there is a line that imports its handler from here."""
