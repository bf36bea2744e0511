/// The version of stackd and stackctl, which are built together.
public let productVersion = "0.1.0"
