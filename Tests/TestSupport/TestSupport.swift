public import Values
