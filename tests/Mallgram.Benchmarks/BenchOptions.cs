namespace Mallgram.Benchmarks;

/// <param name="Names">Cases to run; none: all.</param>
/// <param name="Quick">Everything at small scale: says that the cases work, not how fast the product is.</param>
/// <param name="Strict">Stops when others use the machine.</param>
/// <param name="Output">Folder of the JSON file.</param>
internal sealed record BenchOptions(IReadOnlyList<string> Names, bool Quick, bool Strict, string Output)
{
    public int Pairs => Quick ? 2 : 5;

    /// <summary>One measurement under load.</summary>
    public TimeSpan Slice => TimeSpan.FromSeconds(Quick ? 0.5 : 3);

    /// <summary>Products of the store that is browsed and searched.</summary>
    public int Products => Quick ? 11_000 : 500_000;

    public int OtherStores => Quick ? 3 : 50;

    public int ProductsOfOtherStores => Quick ? 100 : 1_000;

    /// <summary>Products of one import.</summary>
    public int Imported => Quick ? 1_000 : 10_000;

    /// <exception cref="FormatException">An unknown option or case; the message is for people.</exception>
    public static BenchOptions Parse(string[] args, IReadOnlyCollection<string> known)
    {
        var options = new BenchOptions([], Quick: false, Strict: false, Path.Combine("artifacts", "bench"));
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--quick" => options with { Quick = true },
                "--strict" => options with { Strict = true },
                "--output" when i + 1 < args.Length => options with { Output = args[++i] },
                var name when known.Contains(name) => options with { Names = [.. options.Names, name] },
                var other => throw new FormatException(
                    $"'{other}' is neither an option (--quick, --strict, --output DIR) nor a case: {string.Join(", ", known)}."),
            };
        }

        return options;
    }
}
