using Mallgram.Payments;

namespace Mallgram.Tests.Unit.Payments;

public sealed class PollPlanTests
{
    [Fact]
    public void The_plan_is_the_published_one_and_ends()
    {
        var waits = new List<double> { PollPlan.First.TotalSeconds };
        for (var polls = 1; PollPlan.After(polls) is { } wait; polls++)
        {
            waits.Add(wait.TotalSeconds);
        }

        Assert.Equal([5, 10, 20, 40, 60, 120, 300, 900, 3600, 21600, 86400], waits);
    }
}
