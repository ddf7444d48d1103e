using Mallgram.Benchmarks;

namespace Mallgram.Tests.Unit.Benchmarks;

/// <summary>The frame of <c>./mallgram bench</c>: no figure is looked at here, only that figures get out.</summary>
public sealed class RunnerTests
{
    [Fact]
    public async Task Figures_get_out_and_a_broken_case_costs_no_other()
    {
        using var output = new StringWriter();
        var report = new Report(output);
        await using var bench = new Bench(new BenchOptions([], Quick: true, Strict: false, "unused"), report);

        var code = await Runner.RunAsync(bench, [
            ("broken", _ => throw new InvalidOperationException("on purpose")),
            ("trivial", b =>
            {
                b.Report.Add(new Line("trivial", "1 req/s", "2 req/s", Spread.Of([0.4, 0.6, 0.5]), ">= 0.50", Ok: true));
                return Task.CompletedTask;
            }),
        ]);
        report.PrintTable();

        Assert.Equal(1, code);
        var table = output.ToString();
        Assert.Matches(@"trivial +\| 1 req/s \| 2 req/s \| 0\.50 \(0\.40–0\.60\) +\| >= 0\.50 \| yes", table);
        Assert.Matches(@"broken +\| failed .*\| NO", table);
        Assert.Contains("broken: on purpose", table, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_case_is_refused_and_the_cases_are_named() =>
        Assert.Contains("search", Assert.Throws<FormatException>(() => BenchOptions.Parse(["serach"], ["search"])).Message, StringComparison.Ordinal);

    [Fact]
    public void The_median_of_an_even_number_lies_between_the_two_in_the_middle() =>
        Assert.Equal(new Spread(2.5, 1, 4), Spread.Of([4, 1, 3, 2]));
}
