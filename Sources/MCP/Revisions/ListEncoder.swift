import JSON

/// The items of the four lists, for one revision.
struct ListEncoder: Sendable {
  let revision: Revision

  func tools(_ tools: [Tool]) -> WireValue {
    WireObject.list(tools, for: revision) { tool, object in
      object.set(Fields.Item.name, tool.name)
      object.set(Fields.Item.title, tool.title)
      object.set(Fields.Item.description, tool.description)
      object.set(Fields.Tool.inputSchema, tool.inputSchema)
      object.set(Fields.Tool.outputSchema, tool.outputSchema)
      if let annotations = tool.annotations {
        object.nest(Fields.Tool.annotations) { self.annotations(annotations, &$0) }
      }
      if !tool.meta.isEmpty { object.set(Fields.Item.meta, tool.meta) }
    }
  }

  func resources(_ resources: [Resource]) -> WireValue {
    WireObject.list(resources, for: revision) { resource, object in
      object.set(Fields.Item.uri, resource.uri)
      object.set(Fields.Item.name, resource.name)
      object.set(Fields.Item.title, resource.title)
      object.set(Fields.Item.description, resource.description)
      object.set(Fields.Item.mimeType, resource.mimeType)
    }
  }

  func templates(_ templates: [ResourceTemplate]) -> WireValue {
    WireObject.list(templates, for: revision) { template, object in
      object.set(Fields.Item.uriTemplate, template.uriTemplate)
      object.set(Fields.Item.name, template.name)
      object.set(Fields.Item.title, template.title)
      object.set(Fields.Item.description, template.description)
      object.set(Fields.Item.mimeType, template.mimeType)
    }
  }

  func prompts(_ prompts: [Prompt]) -> WireValue {
    WireObject.list(prompts, for: revision) { prompt, object in
      object.set(Fields.Item.name, prompt.name)
      object.set(Fields.Item.title, prompt.title)
      object.set(Fields.Item.description, prompt.description)
      guard !prompt.arguments.isEmpty else { return }
      let arguments = WireObject.list(prompt.arguments, for: revision) { argument, object in
        object.set(Fields.Item.name, argument.name)
        object.set(Fields.Item.title, argument.title)
        object.set(Fields.Item.description, argument.description)
        object.set(Fields.Item.required, .bool(argument.isRequired))
      }
      object.set(Fields.Item.arguments, arguments)
    }
  }

  private func annotations(_ annotations: ToolAnnotations, _ object: inout WireObject) {
    object.set(Fields.Tool.readOnlyHint, annotations.readOnly.map { JSON.bool($0) })
    object.set(Fields.Tool.destructiveHint, annotations.destructive.map { JSON.bool($0) })
    object.set(Fields.Tool.idempotentHint, annotations.idempotent.map { JSON.bool($0) })
    object.set(Fields.Tool.openWorldHint, annotations.openWorld.map { JSON.bool($0) })
  }
}
