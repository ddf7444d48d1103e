using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using CsvHelper;
using Mallgram.Kernel.Http;

namespace Mallgram.Catalog.Bulk;

/// <summary>What the sender said about the file.</summary>
/// <param name="Mapping">Column of the file to column of the format; to null or empty: ignored.</param>
/// <param name="Defaults">For cells that are empty or absent, by column of the format.</param>
internal sealed record BulkOptions(
    IReadOnlyDictionary<string, string?> Mapping, IReadOnlyDictionary<string, string> Defaults, bool CreateMissingCategories);

/// <summary>A row of CSV or a line of NDJSON.</summary>
/// <param name="Number">As a spreadsheet counts: a CSV header is row 1.</param>
/// <param name="Raw">The row as sent: a JSON array of its cells, or the line.</param>
/// <param name="Variants">Cells by column, one set a variant; only those that hold something.</param>
/// <param name="Error">Set when the row cannot be read; there are no variants then.</param>
internal sealed record BulkRecord(int Number, Func<string> Raw, IReadOnlyList<Dictionary<string, string>> Variants, RowError? Error);

/// <summary>Reads bulk files row by row, one row in memory at a time.</summary>
internal sealed class BulkFile(string format, BulkOptions options)
{
    public const string Csv = "csv";
    public const string NdJson = "ndjson";
    public const int MaxRows = 1_000_000;
    public const int MaxRowBytes = 1024 * 1024;

    private const int MaxColumns = 300;

    /// <summary>Header of a CSV file as sent; null before it was read and for NDJSON.</summary>
    public string[]? Header { get; private set; }

    /// <param name="source">Any encoding that <see cref="Utf8Input"/> understands; not disposed.</param>
    /// <exception cref="BulkFileException">While reading: nothing of the file can be taken, or nothing beyond this point.</exception>
    public IAsyncEnumerable<BulkRecord> ReadAsync(Stream source, CancellationToken ct) =>
        format == Csv ? ReadCsvAsync(source, ct) : ReadNdJsonAsync(source, ct);

    private async IAsyncEnumerable<BulkRecord> ReadCsvAsync(Stream source, [EnumeratorCancellation] CancellationToken ct)
    {
        var pipe = PipeReader.Create(new Utf8Input(source), new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        var start = await pipe.ReadAtLeastAsync(64 * 1024, ct);
        var separator = Separator(start.Buffer.Slice(0, Math.Min(64 * 1024, start.Buffer.Length)).ToArray());
        pipe.AdvanceTo(start.Buffer.Start);
        await using var input = pipe.AsStream();
        using var csv = CsvReader.Create(input, new CsvReaderOptions
        {
            Separator = separator,
            SkipEmptyLines = false,
            TrackLineNumbers = true,
            MaxRecordSize = MaxRowBytes,
            MalformedData = CsvMalformedDataHandling.Throw,
        });
        await GuardAsync(csv, async () =>
        {
            await csv.ReadHeaderAsync(ct);
            return true;
        });
        Header = csv.Headers.ToArray();
        var columns = Columns(Header);
        while (await GuardAsync(csv, () => csv.ReadAsync(ct).AsTask()))
        {
            var fields = new string[csv.FieldCount];
            for (var i = 0; i < fields.Length; i++)
            {
                fields[i] = csv.GetString(i);
            }

            if (Array.TrueForAll(fields, string.IsNullOrWhiteSpace))
            {
                continue;
            }

            var number = (int)Math.Min(csv.RowNumber + 1, int.MaxValue);
            if (number > MaxRows + 1)
            {
                throw TooManyRows();
            }

            yield return Record(number, fields, columns);
        }
    }

    private BulkRecord Record(int number, string[] fields, string?[] columns)
    {
        string Raw() => MallgramJson.ToJson(fields);
        if (fields.Length > columns.Length && fields.AsSpan(columns.Length).ContainsAnyExcept(""))
        {
            return new BulkRecord(number, Raw, [], new RowError(
                null, "too_many_cells", $"has {fields.Length} cells, the header {columns.Length}",
                $"a {fields.Length} cellules, l'en-tête {columns.Length}"));
        }

        var cells = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < Math.Min(fields.Length, columns.Length); i++)
        {
            if (columns[i] is { } column && BulkCell.Unguard(fields[i].Trim()) is { Length: > 0 } cell)
            {
                cells[column] = cell;
            }
        }

        AddDefaults(cells);
        return new BulkRecord(number, Raw, [cells], Error: null);
    }

    private async IAsyncEnumerable<BulkRecord> ReadNdJsonAsync(Stream source, [EnumeratorCancellation] CancellationToken ct)
    {
        var pipe = PipeReader.Create(new Utf8Input(source), new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        var number = 0;
        var any = false;
        var skipping = false;
        while (true)
        {
            var read = await pipe.ReadAsync(ct);
            var rest = read.Buffer;
            while (TryTakeLine(ref rest, read.IsCompleted, out var line))
            {
                number++;
                if (number > MaxRows)
                {
                    throw TooManyRows();
                }

                if (skipping || line.Length > MaxRowBytes)
                {
                    skipping = false;
                    any = true;
                    yield return TooLong(number);
                }
                else if (Encoding.UTF8.GetString(line) is var text && !string.IsNullOrWhiteSpace(text))
                {
                    any = true;
                    yield return Record(number, text);
                }
            }

            if (rest.Length > MaxRowBytes)
            {
                skipping = true;
                rest = rest.Slice(rest.End);
            }

            pipe.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                break;
            }
        }

        if (!any)
        {
            throw Empty();
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> rest, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return true;
        }

        line = rest;
        if (isLast && !rest.IsEmpty)
        {
            rest = rest.Slice(rest.End);
            return true;
        }

        return false;
    }

    private BulkRecord Record(int number, string line)
    {
        string Raw() => line;
        try
        {
            using var json = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                return Unreadable("must be one JSON object", "doit être un objet JSON");
            }

            var shared = new Dictionary<string, string>(StringComparer.Ordinal);
            var variants = new List<Dictionary<string, string>>();
            if (Flatten(json.RootElement, shared, variants) is { } error)
            {
                return new BulkRecord(number, Raw, [], error);
            }

            if (variants.Count == 0)
            {
                variants.Add(shared);
            }
            else
            {
                // What the product says goes with its first variant; what ties them together with each.
                string[] ties = [BulkColumns.Product, BulkColumns.Supplier, BulkColumns.Currency, BulkColumns.CostCurrency];
                for (var i = 0; i < variants.Count; i++)
                {
                    foreach (var (column, cell) in i == 0 ? shared : shared.Where(c => ties.Contains(c.Key, StringComparer.Ordinal)))
                    {
                        variants[i].TryAdd(column, cell);
                    }
                }
            }

            variants.ForEach(AddDefaults);
            return new BulkRecord(number, Raw, variants, Error: null);
        }
        catch (JsonException)
        {
            return Unreadable("is not valid JSON", "n'est pas du JSON valide");
        }

        BulkRecord Unreadable(string english, string french) => new(number, Raw, [], new RowError(null, "bad_json", english, french));
    }

    private RowError? Flatten(JsonElement json, Dictionary<string, string> cells, List<Dictionary<string, string>>? variants)
    {
        foreach (var member in json.EnumerateObject())
        {
            if (member.Name == "variants" && variants is not null && member.Value.ValueKind == JsonValueKind.Array)
            {
                foreach (var variant in member.Value.EnumerateArray())
                {
                    var own = new Dictionary<string, string>(StringComparer.Ordinal);
                    if (variant.ValueKind != JsonValueKind.Object)
                    {
                        return BadMember("variants");
                    }

                    if (Flatten(variant, own, variants: null) is { } error)
                    {
                        return error;
                    }

                    variants.Add(own);
                }
            }
            else if (member.Name == "attributes" && member.Value.ValueKind == JsonValueKind.Object)
            {
                foreach (var attribute in member.Value.EnumerateObject())
                {
                    if (Text(attribute.Value) is not { } text)
                    {
                        return BadMember("attributes." + attribute.Name);
                    }

                    Put(BulkColumns.AttributePrefix + attribute.Name, text);
                }
            }
            else
            {
                var column = Target(member.Name);
                if (column is null)
                {
                    continue;
                }

                if (!BulkColumns.IsKnown(column))
                {
                    return new RowError(member.Name, "unknown_column", "is no member of the format", "n'est pas un membre du format");
                }

                if (Text(member.Value) is not { } text)
                {
                    return BadMember(member.Name);
                }

                Put(column, text);
            }
        }

        return null;

        void Put(string column, string text)
        {
            if (text.Trim() is { Length: > 0 } cell && column != BulkColumns.Error)
            {
                cells[column] = cell;
            }
        }

        static RowError BadMember(string name) => new(
            name.Length <= 100 ? name : name[..100], "bad_value", "has a value of the wrong kind", "a une valeur du mauvais type");
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null => BulkCell.Clear,
        JsonValueKind.Array when value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String) =>
            value.GetArrayLength() == 0 ? BulkCell.Clear : BulkCell.Join(value.EnumerateArray().Select(v => v.GetString()!)),
        JsonValueKind.Object when value.EnumerateObject().All(m => m.Value.ValueKind == JsonValueKind.String) =>
            BulkCell.JoinPairs(value.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, m.Value.GetString()!))),
        _ => null,
    };

    private string?[] Columns(string[] header)
    {
        if (header.Length == 0 || Array.TrueForAll(header, string.IsNullOrWhiteSpace))
        {
            throw Empty();
        }

        if (header.Length > MaxColumns)
        {
            throw new BulkFileException("too_many_columns", $"The header has more than {MaxColumns} columns.", $"L'en-tête a plus de {MaxColumns} colonnes.");
        }

        var columns = Array.ConvertAll(header, Target);
        if (Array.FindIndex(columns, c => c is not null && !BulkColumns.IsKnown(c)) is >= 0 and var unknown)
        {
            throw new BulkFileException(
                "unknown_column",
                $"The column \"{Short(header[unknown])}\" is unknown. Rename it, or map it to a column of the format or to nothing.",
                $"La colonne « {Short(header[unknown])} » est inconnue. Renommez-la, ou associez-la à une colonne du format ou à rien.");
        }

        if (columns.Where(c => c is not null and not BulkColumns.Error).GroupBy(c => c, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new BulkFileException("duplicate_column", $"The column \"{twice.Key}\" is there twice.", $"La colonne « {twice.Key} » est là deux fois.");
        }

        if (!columns.Contains(BulkColumns.Id) && !columns.Contains(BulkColumns.Sku) && !columns.Contains(BulkColumns.ExternalId))
        {
            throw new BulkFileException(
                "missing_column", "The header needs at least one of the columns id, sku, external_id.",
                "L'en-tête doit avoir au moins une des colonnes id, sku, external_id.");
        }

        return Array.ConvertAll(columns, c => c == BulkColumns.Error ? null : c);
    }

    /// <returns>Null: ignored.</returns>
    private string? Target(string name)
    {
        var trimmed = name.Trim();
        if (options.Mapping.TryGetValue(trimmed, out var mapped) || options.Mapping.TryGetValue(trimmed.ToLowerInvariant(), out mapped))
        {
            return string.IsNullOrWhiteSpace(mapped) ? null : BulkColumns.Canonical(mapped);
        }

        return BulkColumns.Canonical(trimmed);
    }

    private void AddDefaults(Dictionary<string, string> cells)
    {
        foreach (var (column, cell) in options.Defaults)
        {
            cells.TryAdd(column, cell);
        }
    }

    private static char Separator(ReadOnlySpan<byte> start)
    {
        var (commas, semicolons, tabs, quoted) = (0, 0, 0, false);
        foreach (var b in start)
        {
            if (b == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && b is (byte)'\n' or (byte)'\r')
            {
                break;
            }
            else if (!quoted)
            {
                commas += b == ',' ? 1 : 0;
                semicolons += b == ';' ? 1 : 0;
                tabs += b == '\t' ? 1 : 0;
            }
        }

        return tabs > commas && tabs > semicolons ? '\t' : semicolons > commas ? ';' : ',';
    }

    private static async Task<bool> GuardAsync(CsvReader csv, Func<Task<bool>> read)
    {
        try
        {
            return await read();
        }
        catch (CsvFormatException e)
        {
            var row = Math.Max(e.RecordNumber, csv.RowNumber) + 1;
            throw new BulkFileException(
                "malformed_csv",
                $"Near row {row} a quote is not closed or stands in the wrong place, or the row is larger than {MaxRowBytes} bytes.",
                $"Vers la ligne {row}, un guillemet n'est pas fermé ou mal placé, ou la ligne dépasse {MaxRowBytes} octets.");
        }
    }

    private static BulkRecord TooLong(int number) => new(number, () => "", [], new RowError(
        null, "row_too_long", $"is longer than {MaxRowBytes} bytes", $"dépasse {MaxRowBytes} octets"));

    private static BulkFileException Empty() => new("empty_file", "The file holds no rows.", "Le fichier ne contient aucune ligne.");

    private static BulkFileException TooManyRows() =>
        new("too_many_rows", $"A file has at most {MaxRows} rows; split it.", $"Un fichier a au plus {MaxRows} lignes ; divisez-le.");

    private static string Short(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
