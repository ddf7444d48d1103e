using FsCheck;
using FsCheck.Fluent;
using Mallgram.Kernel.Ids;

namespace Mallgram.Tests.Unit.Kernel;

public sealed class PublicIdTests
{
    // Vectors of the TypeID specification, valid.json.
    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000", "prefix_00000000000000000000000000")]
    [InlineData("00000000-0000-0000-0000-000000000001", "prefix_00000000000000000000000001")]
    [InlineData("00000000-0000-0000-0000-00000000000a", "prefix_0000000000000000000000000a")]
    [InlineData("00000000-0000-0000-0000-000000000020", "prefix_00000000000000000000000010")]
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff", "prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("0110c853-1d09-52d8-d73e-1194e95b5f19", "prefix_0123456789abcdefghjkmnpqrs")]
    [InlineData("01890a5d-ac96-774b-bcce-b302099a8057", "prefix_01h455vb4pex5vsknk084sn02q")]
    public void Ids_are_written_as_the_specification_says(string uuid, string text)
    {
        Assert.Equal(text, PublicId.Format("prefix", Guid.Parse(uuid)));
        Assert.True(PublicId.TryParse("prefix", text, out var id));
        Assert.Equal(Guid.Parse(uuid), id);
    }

    [Fact]
    public void Every_id_goes_there_and_back() =>
        Prop.ForAll(ArbMap.Default.ArbFor<Guid>(), id => PublicId.TryParse("ord", PublicId.Format("ord", id), out var back) && back == id)
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(null), InlineData(""), InlineData("ord_"), InlineData("ord_01h455vb4pex5vsknk084sn02"), InlineData("ord_01h455vb4pex5vsknk084sn02qq")]
    [InlineData("pay_01h455vb4pex5vsknk084sn02q"), InlineData("ord_8zzzzzzzzzzzzzzzzzzzzzzzzz"), InlineData("ord_01H455VB4PEX5VSKNK084SN02Q")]
    [InlineData("ord_01h455vb4pex5vsknk084sn0iq"), InlineData("ord-01h455vb4pex5vsknk084sn02q"), InlineData("ord_01h455vb4pex5vsknk084sn0é2q")]
    public void What_was_not_written_here_is_refused(string? text) => Assert.False(PublicId.TryParse("ord", text, out _));

    [Fact]
    public void Newer_ids_sort_after_older_ones_in_text_too()
    {
        var clock = new SteppingClock();
        var texts = Enumerable.Range(0, 50).Select(_ => PublicId.Format("ord", PublicId.New(clock))).ToList();
        Assert.Equal(texts.Order(StringComparer.Ordinal), texts);
    }

    private sealed class SteppingClock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now += TimeSpan.FromMilliseconds(1);
    }
}
