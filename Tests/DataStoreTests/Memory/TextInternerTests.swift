// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

@Suite struct TextInternerTests {
  @Test func numbersTextsInTheOrderOfFirstSight() {
    var interner = TextInterner()
    let numbers = ["b", "a", "b", "", "a", "c"].map { text in withBytes(text) { interner.intern($0) } }
    let texts = interner.texts.map(\.text)
    #expect(numbers == [0, 1, 0, 2, 1, 3])
    #expect(texts == ["b", "a", "", "c"])
  }

  @Test func findsWithoutAdding() {
    var interner = TextInterner()
    let before = withBytes("a") { interner.find($0) }
    _ = withBytes("a") { interner.intern($0) }
    let after = withBytes("a") { interner.find($0) }
    let count = interner.count
    #expect(before == nil)
    #expect(after == 0)
    #expect(count == 1)
  }

  @Test func aWrongGuessDoesNoHarm() {
    var interner = TextInterner()
    let first = withBytes("a") { interner.intern($0, guess: 7) }
    let second = withBytes("b") { interner.intern($0, guess: 0) }
    let again = withBytes("b") { interner.intern($0, guess: 0) }
    let negative = withBytes("a") { interner.intern($0, guess: -5) }
    #expect([first, second, again, negative] == [0, 1, 1, 0])
  }

  @Test func keepsItsCopiesInPlaceWhileItGrows() {
    var interner = TextInterner()
    let first = withBytes("text 0") { interner.intern($0) }
    let place = interner.texts[first].baseAddress
    for number in 0..<10_000 {
      let given = withBytes("text \(number)") { interner.intern($0) }
      #expect(given == number)
    }
    let placeAfter = interner.texts[first].baseAddress
    let all = (0..<10_000).allSatisfy { number in
      let text: String = "text \(number)"
      return withBytes(text) { interner.find($0) } == number
    }
    let endsWithNUL = interner.texts.allSatisfy { $0.baseAddress?[$0.count] == 0 }
    #expect(place == placeAfter)
    #expect(all)
    #expect(endsWithNUL)
  }
}
