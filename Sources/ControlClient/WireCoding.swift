import ControlProtocol
import FoundationEssentials
import NIOCore

/// Reads a document of the control API.
func decoded<Document: Decodable>(_ bytes: ByteBuffer) throws(ControlClientError) -> Document {
    do {
        return try WireFormat.decode(Document.self, from: Data(bytes.readableBytesView))
    } catch {
        throw .unexpectedAnswer("\(Document.self): \(error)")
    }
}

/// Writes a document of the control API.
func encoded(_ document: some Encodable) throws(ControlClientError) -> ByteBuffer {
    do {
        return ByteBuffer(bytes: try WireFormat.encode(document))
    } catch {
        throw .unexpectedAnswer("cannot be written as JSON: \(error)")
    }
}
