using Mallgram.Kernel;

namespace Mallgram.Catalog.Bulk;

/// <summary>What is wrong with a row.</summary>
/// <param name="Column">Null: the row as a whole.</param>
/// <param name="Code">Stable word; counted and never renamed.</param>
internal sealed record RowError(string? Column, string Code, LocalText Text)
{
    public RowError(string? column, string code, string english, string french)
        : this(column, code, new LocalText(english, french))
    {
    }
}

/// <summary>The file as a whole cannot be taken; nothing of it was written.</summary>
internal sealed class BulkFileException(string code, string english, string french) : Exception(english)
{
    public string Code { get; } = code;

    public LocalText Text { get; } = new(english, french);
}
