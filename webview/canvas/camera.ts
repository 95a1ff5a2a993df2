/** Where we look: the point of the scene at the middle of the viewport, and CSS pixels per scene pixel. */
export interface Camera {
  x: number
  y: number
  zoom: number
}

export interface Size {
  width: number
  height: number
}

/** x1 and y1 exclusive. */
export interface Box {
  x0: number
  y0: number
  x1: number
  y1: number
}

export const MAX_ZOOM = 4
const MIN_ZOOM = 0.1
const FIT_MARGIN = 28

export const toScreen = (camera: Camera, size: Size, x: number, y: number): [number, number] => [
  (x - camera.x) * camera.zoom + size.width / 2,
  (y - camera.y) * camera.zoom + size.height / 2,
]

export const toScene = (camera: Camera, size: Size, x: number, y: number): [number, number] => [
  (x - size.width / 2) / camera.zoom + camera.x,
  (y - size.height / 2) / camera.zoom + camera.y,
]

/** The part of the scene in the viewport. */
export function viewBox(camera: Camera, size: Size): Box {
  const halfWidth = size.width / 2 / camera.zoom
  const halfHeight = size.height / 2 / camera.zoom
  return { x0: camera.x - halfWidth, y0: camera.y - halfHeight, x1: camera.x + halfWidth, y1: camera.y + halfHeight }
}

/** The camera that shows `box` whole, at most at zoom 1. */
export function fit(box: Box, size: Size, margin = FIT_MARGIN): Camera {
  const width = Math.max(1, size.width - 2 * margin)
  const height = Math.max(1, size.height - 2 * margin)
  const zoom = Math.min(1, width / Math.max(1, box.x1 - box.x0), height / Math.max(1, box.y1 - box.y0))
  return { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2, zoom }
}

/** Zooms by `factor` and keeps the screen point (px, py) where it is. `fitZoom` bounds how far out one can go. */
export function zoomAround(
  camera: Camera,
  size: Size,
  factor: number,
  px: number,
  py: number,
  fitZoom: number,
): Camera {
  const zoom = clampZoom(camera.zoom * factor, fitZoom)
  const [x, y] = toScene(camera, size, px, py)
  return { x: x - (px - size.width / 2) / zoom, y: y - (py - size.height / 2) / zoom, zoom }
}

/** A huge scene can be zoomed out until it fits with some air; a small one never to a speck. */
export const clampZoom = (zoom: number, fitZoom: number) =>
  Math.min(MAX_ZOOM, Math.max(Math.min(MIN_ZOOM, fitZoom * 0.8), zoom))

/** The smallest move that brings `box` into view with a margin; a box larger than the view is centred. */
export function bringIntoView(camera: Camera, size: Size, box: Box): Camera {
  const view = viewBox(camera, size)
  const margin = FIT_MARGIN / camera.zoom
  const shift = (low: number, high: number, viewLow: number, viewHigh: number) => {
    if (high - low + 2 * margin > viewHigh - viewLow) return (low + high - viewLow - viewHigh) / 2
    return Math.min(0, low - margin - viewLow) + Math.max(0, high + margin - viewHigh)
  }
  return {
    x: camera.x + shift(box.x0, box.x1, view.x0, view.x1),
    y: camera.y + shift(box.y0, box.y1, view.y0, view.y1),
    zoom: camera.zoom,
  }
}
