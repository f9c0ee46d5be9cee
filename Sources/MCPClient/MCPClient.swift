/// A small client of the Model Context Protocol over a child's pipes.
public enum MCPClient {}
