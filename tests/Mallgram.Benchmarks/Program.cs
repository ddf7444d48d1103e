using System.Globalization;
using Mallgram.Benchmarks;
using Mallgram.Benchmarks.Cases;
using Mallgram.Benchmarks.Load;

var cases = new (string Name, Func<Bench, Task> Run)[]
{
    ("product-detail", ProductDetail.RunAsync),
    ("product-cached", ProductCached.RunAsync),
    ("deep-pages", DeepPages.RunAsync),
    ("search", Search.RunAsync),
    ("memory", ResyncMemory.RunAsync),
    ("flash-sale", FlashSale.RunAsync),
    ("quota", Quota.RunAsync),
    ("resync-unchanged", UnchangedResync.RunAsync),
    ("first-sync", FirstSync.RunAsync),
    ("isolation", Isolation.RunAsync),
    ("many-stores", ManyStores.RunAsync),
    ("probes", Probes.RunAsync),
    ("timing", Timing.RunAsync),
};

switch (args)
{
    // Child processes of a run.
    case ["serve-api", .. var rest]:
        await Mallgram.Api.ApiApp.Build(rest).RunAsync();
        return 0;
    case ["serve-api-unwalled", .. var rest]:
        await Mallgram.Api.ApiApp.Build(rest, Isolation.SendNoStore).RunAsync();
        return 0;
    case ["serve-worker", .. var rest]:
        await Mallgram.Worker.WorkerApp.Build(rest).RunAsync();
        return 0;
    case ["serve-bare", .. var rest]:
        await BareServer.RunAsync(rest);
        return 0;
    case ["serve-sandbox", .. var rest]:
        await Mallgram.Sandbox.SandboxApp.Build(rest).RunAsync();
        return 0;
    case ["resync", var items, .. var rest]:
        await ResyncMemory.ChildAsync(int.Parse(items, CultureInfo.InvariantCulture), rest);
        return 0;
    case [.., "--list"]:
        Console.WriteLine(string.Join(Environment.NewLine, cases.Select(c => c.Name)));
        return 0;
}

BenchOptions options;
try
{
    options = BenchOptions.Parse(args, [.. cases.Select(c => c.Name)]);
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

var report = new Report(Console.Out);
report.Say($"{Environment.ProcessorCount} cores, {options.Pairs} pairs a line, HTTP load by {(Wrk.IsHere ? "wrk" : "the built-in generator")}");
var started = TimeProvider.System.GetUtcNow();
int code;
await using (var bench = new Bench(options, report))
{
    code = await Runner.RunAsync(bench, cases.Where(c => options.Names.Count == 0 || options.Names.Contains(c.Name)));
}

report.PrintTable();
Console.WriteLine(report.Write(options.Output, started, options));
return code;
